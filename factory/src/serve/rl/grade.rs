//! `POST /v1/grade`: let the hidden tests judge.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::refusals::Refusals;
use crate::episodes::{Graded, Passed, Verdict};
use crate::grading::grade::Outcome;
use crate::serve::ApiError;
use crate::serve::body::Body;
use crate::serve::state::Served;

/// Episodes to grade.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct GradeRequest {
    /// The episodes, each once
    episode_ids: Vec<String>,
    /// Close them afterwards (false)
    #[serde(default)]
    close: bool,
}

/// The grades, in the order of the request.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::serve) struct GradeResponse {
    grades: Vec<EpisodeGrade>,
}

/// What the hidden tests say of an episode.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EpisodeGrade {
    /// The episode
    episode_id: String,
    /// The instance
    instance_id: String,
    /// The patch that was graded
    patch: String,
    #[serde(flatten)]
    verdict: VerdictTold,
}

/// A verdict.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct VerdictTold {
    /// `resolved`, `unresolved`, `empty`, `not_applied`, `tampered`; `failed` if it could not be judged
    #[schema(value_type = String)]
    outcome: Outcome,
    /// Whether every test of both lists passed
    resolved: bool,
    /// 1 if resolved, else 0; null if it could not be judged, which counts for nothing
    reward: Option<f64>,
    /// Tests that the repair has to make pass; none where they did not run
    fail_to_pass: Option<Count>,
    /// Tests that have to go on passing; none where they did not run
    pass_to_pass: Option<Count>,
    /// Whose fault it is that there is no plain verdict: `agent`, `environment`, `infra` or `grader`
    class: Option<String>,
    /// Why; left out where tests ran
    explanation: Option<String>,
    /// Files that the patch changes and that were not applied, such as tests
    refused: Vec<String>,
    /// Whether the same patch was graded before
    cached: bool,
}

/// How many tests of a list passed.
#[derive(Debug, Serialize, ToSchema)]
struct Count {
    /// These
    passed: usize,
    /// Of so many
    total: usize,
}

/// Grade episodes
///
/// An episode that still runs is over by this: what its repository shows is handed in. One that ended without a submission is
/// graded as in rollouts. The tests run in a fresh sandbox, by the code of `swemill grade`; their names are not told. Grading
/// again gives the same grade, and tries again where it could not be judged.
#[utoipa::path(post, path = "/v1/grade", tag = "episodes", request_body = GradeRequest,
    responses((status = 200, description = "The grades, in the order of the request", body = GradeResponse), Refusals))]
pub(in crate::serve) async fn grade(
    State(served): State<Served>,
    Body(request): Body<GradeRequest>,
) -> Result<Json<GradeResponse>, ApiError> {
    let graded = served.episodes.grade(&request.episode_ids).await?;
    if request.close {
        served.episodes.close(&request.episode_ids).await;
    }
    Ok(Json(GradeResponse {
        grades: graded.into_iter().map(EpisodeGrade::from).collect(),
    }))
}

impl From<Graded> for EpisodeGrade {
    fn from(graded: Graded) -> Self {
        Self {
            episode_id: graded.episode_id,
            instance_id: graded.instance_id,
            patch: graded.patch,
            verdict: graded.verdict.into(),
        }
    }
}

impl From<Verdict> for VerdictTold {
    fn from(verdict: Verdict) -> Self {
        Self {
            outcome: verdict.outcome,
            resolved: verdict.outcome == Outcome::Resolved,
            reward: verdict.reward,
            fail_to_pass: verdict.fail_to_pass.map(Count::from),
            pass_to_pass: verdict.pass_to_pass.map(Count::from),
            class: verdict.class.map(|class| class.as_str().to_owned()),
            explanation: verdict.reason,
            refused: verdict.refused,
            cached: verdict.cached,
        }
    }
}

impl From<Passed> for Count {
    fn from(count: Passed) -> Self {
        Self {
            passed: count.passed,
            total: count.total,
        }
    }
}
