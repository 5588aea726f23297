//! The environment for reinforcement learning: an endpoint a file, with the types of what goes in and out.

pub(super) mod close;
pub(super) mod episodes;
pub(super) mod grade;
pub(super) mod health;
pub(super) mod instances;
mod interface;
mod limits;
mod message;
mod refusals;
pub(super) mod reset;
pub(super) mod step;

use serde::Serialize;
use utoipa::ToSchema;

use crate::failure::StageError;

/// Why an episode failed by no fault of the policy. It counts for nothing.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Failure {
    /// Whose fault it was: `infra`, `environment` or `grader`.
    class: String,
    /// What happened.
    reason: String,
}

impl Failure {
    fn infra(reason: String) -> Self {
        Self {
            class: swemill_store::FailureClass::Infra.as_str().to_owned(),
            reason,
        }
    }
}

impl From<StageError> for Failure {
    fn from(error: StageError) -> Self {
        Self {
            class: error.failure.class.as_str().to_owned(),
            reason: error.failure.reason,
        }
    }
}
