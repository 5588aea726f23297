//! `POST /v1/reset`: begin episodes.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use swemill_store::instances::InstanceFilter;
use utoipa::ToSchema;

use super::Failure;
use super::interface::InterfaceName;
use super::limits::Limits;
use super::message::{ChatMessage, told};
use super::refusals::Refusals;
use crate::episodes::{Begun, Choice, Terms, Wanted};
use crate::serve::ApiError;
use crate::serve::body::Body;
use crate::serve::state::Served;

/// Which episodes are begun: instances by their ids, or drawn.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct ResetRequest {
    /// The instances
    #[serde(default)]
    instance_ids: Option<Vec<String>>,
    /// Draw instances instead
    #[serde(default)]
    draw: Option<Draw>,
    /// Episodes of each instance, one after another in the answer (1)
    #[serde(default = "one")]
    #[schema(default = 1, minimum = 1)]
    attempts: usize,
    /// The notation (`mini-tool-calls`)
    #[serde(default)]
    interface: InterfaceName,
    /// What each episode may use
    #[serde(default)]
    limits: Limits,
    /// Leave the tests that judge the repair in the repository (false)
    #[serde(default)]
    keep_tests: bool,
}

/// A drawing without putting back: the same seed and the same store give the same instances.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Draw {
    /// So many, or as many as there are
    #[schema(minimum = 1)]
    count: usize,
    /// Decides which (0)
    #[serde(default)]
    seed: u64,
    /// Only of this source, owner/name or name
    #[serde(default)]
    repository: Option<String>,
    /// Only of this strategy
    #[serde(default)]
    strategy: Option<String>,
    /// Only with at least so many tests in `FAIL_TO_PASS`
    #[serde(default)]
    min_f2p: Option<u32>,
    /// Only with at most so many tests in `FAIL_TO_PASS`
    #[serde(default)]
    max_f2p: Option<u32>,
    /// Only under one of these SPDX licences
    #[serde(default)]
    licenses: Option<Vec<String>>,
}

/// The episodes, in the order of the request.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::serve) struct ResetResponse {
    episodes: Vec<EpisodeBegun>,
}

/// An episode with its first observation, or why there is none.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct EpisodeBegun {
    /// Its id; none if the machinery failed
    episode_id: Option<String>,
    /// The instance
    instance_id: String,
    /// What the conversation begins with
    messages: Vec<ChatMessage>,
    /// Schemas of the tools to offer the model, as chat-completions servers take them; none in text notations
    #[schema(value_type = Vec<Object>)]
    tools: Vec<Value>,
    /// Why there is no episode
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Failure>,
}

fn one() -> usize {
    1
}

/// Begin episodes
///
/// Each gets a fresh sandbox of its instance, without the tests that judge. All that are asked for fit, or none is begun. An
/// instance that the machinery cannot begin is told with `error` in its place; asking for it again may help.
#[utoipa::path(post, path = "/v1/reset", tag = "episodes", request_body = ResetRequest,
    responses((status = 200, description = "The episodes, in the order of the request", body = ResetResponse), Refusals))]
pub(in crate::serve) async fn reset(
    State(served): State<Served>,
    Body(request): Body<ResetRequest>,
) -> Result<Json<ResetResponse>, ApiError> {
    let terms = Terms {
        dialect: request.interface.0,
        limits: request.limits.checked()?,
        hide_tests: !request.keep_tests,
    };
    let choice = match (request.instance_ids, request.draw) {
        (Some(ids), None) => Choice::Ids(ids),
        (None, Some(draw)) => draw.into(),
        _ => {
            let message = "a reset has either `instance_ids` or `draw`";
            return Err(ApiError::invalid("instance_ids", message));
        }
    };
    let wanted = Wanted {
        choice,
        attempts: request.attempts,
    };
    let begun = served.episodes.reset(wanted, terms).await?;
    let episodes = begun.into_iter().map(EpisodeBegun::from).collect();
    Ok(Json(ResetResponse { episodes }))
}

impl From<Draw> for Choice {
    fn from(draw: Draw) -> Self {
        let filter = InstanceFilter {
            repository: draw.repository,
            strategy: draw.strategy,
            min_f2p: draw.min_f2p,
            max_f2p: draw.max_f2p,
            licences: draw.licenses,
            ..InstanceFilter::default()
        };
        Self::Draw {
            filter: Box::new(filter),
            count: draw.count,
            seed: draw.seed,
        }
    }
}

impl From<Begun> for EpisodeBegun {
    fn from(begun: Begun) -> Self {
        match begun {
            Ok(opening) => Self {
                episode_id: Some(opening.episode_id),
                instance_id: opening.instance_id,
                messages: told(&opening.messages),
                tools: opening.tools,
                error: None,
            },
            Err((instance_id, error)) => Self {
                instance_id,
                error: Some(error.into()),
                ..Self::default()
            },
        }
    }
}
