//! Who is at fault when something fails. Nothing is dropped silently: every failure has a class and a reason.

use serde::{Deserialize, Serialize};

/// The five classes that every failure falls into.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "failure_class", rename_all = "snake_case")]
pub enum FailureClass {
    /// The agent's attempt.
    Agent,
    /// The proposed break.
    Candidate,
    /// The repository or its dependencies: it cannot be fetched, built or tested.
    Environment,
    /// This machine: disk, memory, network, the sandbox, Postgres.
    Infra,
    /// The judgement itself.
    Grader,
}

impl FailureClass {
    /// The word used in the tables, in output and in the docs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Candidate => "candidate",
            Self::Environment => "environment",
            Self::Infra => "infra",
            Self::Grader => "grader",
        }
    }
}

impl std::fmt::Display for FailureClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// A failure with its reason, as it is stored and shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Who is at fault.
    pub class: FailureClass,
    /// What was tried, what happened, what would mend it.
    pub reason: String,
}

impl Failure {
    /// A failure of `class` because of `reason`.
    pub fn new(class: FailureClass, reason: impl Into<String>) -> Self {
        Self {
            class,
            reason: reason.into(),
        }
    }
}
