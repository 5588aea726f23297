//! `GET /v1/models`.

use axum::{
    Json,
    extract::{Path, State},
};
use serde_json::{Value, json};

use super::{ApiError, Service};

/// Lists what is served.
pub(super) async fn list(State(service): State<Service>) -> Json<Value> {
    let data: Vec<Value> = entries(&service).collect();
    Json(json!({"object": "list", "data": data}))
}

/// One of them.
pub(super) async fn get(
    State(service): State<Service>,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let found = entries(&service).find(|entry| entry["id"] == name.as_str());
    found.map(Json).ok_or_else(|| service.unknown(&name))
}

/// `max_model_len` is what other servers of open models add: the context in tokens.
fn entries(service: &Service) -> impl Iterator<Item = Value> {
    let created = service.started();
    let entry = move |name: &str, context: usize| json!({"id": name, "object": "model", "created": created, "owned_by": "swemill", "max_model_len": context});
    let hosts = service.hosts().iter();
    let writers = hosts.map(move |host| entry(host.name(), host.engine().context()));
    let embedders = service.embedders().iter();
    writers.chain(embedders.map(move |embedder| entry(embedder.name(), embedder.context())))
}
