//! Failures of stages: whose fault, why, and whether trying again can help.

use swemill_store::{Failure, FailureClass};

/// A stage could not do its work.
#[derive(Debug, thiserror::Error)]
#[error("{}", failure.reason)]
pub struct StageError {
    /// The class and the reason, as they are stored.
    pub failure: Failure,
    /// Whether the job is put back into the queue.
    pub retry: bool,
}

impl StageError {
    /// This machine failed: another try may succeed.
    pub fn infra(reason: impl Into<String>) -> Self {
        Self {
            failure: Failure::new(FailureClass::Infra, reason),
            retry: true,
        }
    }

    /// The repository cannot be used as it is.
    pub fn environment(reason: impl Into<String>) -> Self {
        Self {
            failure: Failure::new(FailureClass::Environment, reason),
            retry: false,
        }
    }

    /// The judgement itself failed.
    pub fn grader(reason: impl Into<String>) -> Self {
        Self {
            failure: Failure::new(FailureClass::Grader, reason),
            retry: false,
        }
    }
}

impl From<swemill_source::Error> for StageError {
    fn from(error: swemill_source::Error) -> Self {
        if error.is_transient() {
            Self::infra(error.to_string())
        } else {
            Self::environment(error.to_string())
        }
    }
}

impl From<swemill_store::Error> for StageError {
    fn from(error: swemill_store::Error) -> Self {
        Self::infra(error.to_string())
    }
}

impl From<swemill_sandbox::Error> for StageError {
    fn from(error: swemill_sandbox::Error) -> Self {
        Self::infra(error.to_string())
    }
}

impl From<swemill_harness::Error> for StageError {
    fn from(error: swemill_harness::Error) -> Self {
        Self::infra(error.to_string())
    }
}

impl From<swemill_environment::BuildFailure> for StageError {
    fn from(failure: swemill_environment::BuildFailure) -> Self {
        let reason = match failure.log.trim() {
            "" => failure.to_string(),
            log => format!("{failure}\n  its last words:\n{log}"),
        };
        match failure.class {
            swemill_environment::Class::Environment => Self::environment(reason),
            swemill_environment::Class::Infra => Self::infra(reason),
        }
    }
}
