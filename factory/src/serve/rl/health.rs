//! `GET /health`.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::serve::state::Served;

/// That the server is there, and how full it is.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::serve) struct Health {
    /// `ok`
    status: &'static str,
    /// Episodes that are open
    episodes: usize,
    /// Episodes that can be open at one time
    most_episodes: usize,
}

/// Tell that the server is there
///
/// Asks for no key.
#[utoipa::path(get, path = "/health", tag = "server", responses((status = 200, description = "The server is there", body = Health)))]
pub(in crate::serve) async fn health(State(served): State<Served>) -> Json<Health> {
    Json(Health {
        status: "ok",
        episodes: served.episodes.count(),
        most_episodes: served.episodes.bounds().episodes,
    })
}
