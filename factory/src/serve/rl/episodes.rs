//! `GET /v1/episodes`: look at what is open.

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::Failure;
use super::grade::VerdictTold;
use super::message::{ChatMessage, told};
use super::refusals::Refusals;
use super::step::StepTaken;
use crate::episodes::{Listed, Seen, Standing};
use crate::serve::ApiError;
use crate::serve::state::Served;

/// The episodes that are open.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::serve) struct EpisodeList {
    /// Each of them, by id
    episodes: Vec<EpisodeListed>,
    /// How many can be open at one time
    most: usize,
    /// Seconds after which one that is left alone is closed
    idle_seconds: u64,
}

/// An episode in a list.
#[derive(Debug, Serialize, ToSchema)]
struct EpisodeListed {
    /// Its id
    episode_id: String,
    /// The instance
    instance_id: String,
    /// Whether something is being done with it
    busy: bool,
    /// Seconds since it was last asked something
    idle_seconds: u64,
}

/// An episode between two steps.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::serve) struct EpisodeTold {
    /// Its id
    episode_id: String,
    /// The instance
    instance_id: String,
    /// Whether it is over
    done: bool,
    /// How it ended
    reason: Option<String>,
    /// Steps that it has taken
    step: usize,
    /// Seconds that its commands took
    execution_seconds: f64,
    /// The whole conversation; nothing of an episode that failed
    messages: Vec<ChatMessage>,
    /// Its last step, as `step` answered it
    last_step: Option<StepTaken>,
    /// Its grade, if it was graded
    grade: Option<VerdictTold>,
    /// What happened to the machinery
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Failure>,
}

/// List episodes
#[utoipa::path(get, path = "/v1/episodes", operation_id = "list_episodes", tag = "episodes",
    responses((status = 200, description = "The episodes that are open", body = EpisodeList), Refusals))]
pub(in crate::serve) async fn list(State(served): State<Served>) -> Json<EpisodeList> {
    let bounds = served.episodes.bounds();
    let listed = served.episodes.list().into_iter();
    Json(EpisodeList {
        episodes: listed.map(EpisodeListed::from).collect(),
        most: bounds.episodes,
        idle_seconds: bounds.idle.as_secs(),
    })
}

/// Show an episode
///
/// Waits for a step that is under way: whoever lost an answer finds it here.
#[utoipa::path(get, path = "/v1/episodes/{episode_id}", operation_id = "show_episode", tag = "episodes",
    params(("episode_id" = String, Path, description = "Its id")),
    responses((status = 200, description = "The episode", body = EpisodeTold), Refusals))]
pub(in crate::serve) async fn show(
    State(served): State<Served>,
    Path(episode_id): Path<String>,
) -> Result<Json<EpisodeTold>, ApiError> {
    Ok(Json(served.episodes.see(&episode_id).await?.into()))
}

impl From<Listed> for EpisodeListed {
    fn from(listed: Listed) -> Self {
        Self {
            episode_id: listed.episode_id,
            instance_id: listed.instance_id,
            busy: listed.is_busy,
            idle_seconds: listed.idle.as_secs(),
        }
    }
}

impl From<Seen> for EpisodeTold {
    fn from(seen: Seen) -> Self {
        let (reason, error) = match seen.standing {
            Standing::Running => (None, None),
            Standing::Ended(exit) => (json!(exit).as_str().map(str::to_owned), None),
            Standing::Failed(reason) => (Some("infra".to_owned()), Some(Failure::infra(reason))),
        };
        Self {
            episode_id: seen.episode_id,
            instance_id: seen.instance_id,
            done: reason.is_some(),
            reason,
            step: seen.spent.steps,
            execution_seconds: seen.spent.execution_seconds,
            messages: told(&seen.messages),
            last_step: seen.last_step.as_ref().map(StepTaken::from),
            grade: seen.verdict.map(VerdictTold::from),
            error,
        }
    }
}
