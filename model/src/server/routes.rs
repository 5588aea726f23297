//! What answers where.

use axum::{
    Json, Router,
    http::{Method, StatusCode, Uri},
    middleware::from_fn_with_state,
    routing::{get, post},
};
use serde_json::{Value, json};

use super::{ApiError, Service, authentication, chat, completions, embeddings, metrics, models};

/// All routes. `/health` and `/metrics` need no key: who watches a server is not who uses it.
pub(super) fn routes(service: Service) -> Router {
    let api = Router::new()
        .route("/v1/chat/completions", post(chat::complete))
        .route("/v1/completions", post(completions::complete))
        .route("/v1/embeddings", post(embeddings::embed))
        .route("/v1/models", get(models::list))
        .route("/v1/models/{*name}", get(models::get))
        .layer(from_fn_with_state(service.clone(), authentication::check));
    Router::new()
        .route("/health", get(health))
        .route("/metrics", get(metrics::show))
        .merge(api)
        .fallback(nowhere)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(service.clone(), metrics::count))
        .with_state(service)
}

async fn health() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

async fn nowhere(method: Method, uri: Uri) -> ApiError {
    let message = format!(
        "Nothing answers {method} {}; the interface begins at /v1.",
        uri.path()
    );
    ApiError::new(StatusCode::NOT_FOUND, message).code("unknown_url")
}

async fn wrong_method(method: Method, uri: Uri) -> ApiError {
    let message = format!("{} does not answer {method}.", uri.path());
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, message)
}
