//! `POST /v1/close`: forget episodes.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::refusals::Refusals;
use crate::serve::ApiError;
use crate::serve::body::Body;
use crate::serve::state::Served;

/// Episodes to close.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct CloseRequest {
    /// The episodes
    episode_ids: Vec<String>,
}

/// What was closed.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::serve) struct CloseResponse {
    /// These were open
    closed: Vec<String>,
    /// These were not, or not any more
    unknown: Vec<String>,
}

/// Close episodes
///
/// Their sandboxes end and nothing of them is kept; one that is busy ends when its step is done. Closing what is closed is no
/// error.
#[utoipa::path(post, path = "/v1/close", tag = "episodes", request_body = CloseRequest,
    responses((status = 200, description = "What was closed", body = CloseResponse), Refusals))]
pub(in crate::serve) async fn close(
    State(served): State<Served>,
    Body(request): Body<CloseRequest>,
) -> Result<Json<CloseResponse>, ApiError> {
    let done = served.episodes.close(&request.episode_ids).await;
    Ok(Json(CloseResponse {
        closed: done.closed,
        unknown: done.unknown,
    }))
}
