//! What can go wrong with a language model.

use std::time::Duration;

/// Who a failure belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The attempt: it counts against the model.
    Agent,
    /// The machinery: it is tried again and billed to nobody.
    Infra,
}

/// A model did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LmError {
    /// The conversation is longer than the model takes.
    #[error("the conversation does not fit the context window of {model}: {reason}")]
    ContextOverflow {
        /// The model.
        model: String,
        /// What it said.
        reason: String,
    },
    /// The server refused the request and would again.
    #[error(
        "{model} refused the request with status {status}: {reason}; check the model's name, the key and the options"
    )]
    Refused {
        /// The model.
        model: String,
        /// The HTTP status.
        status: u16,
        /// What it said.
        reason: String,
    },
    /// The server failed, was too busy or could not be reached, however often it was asked.
    #[error(
        "{model} did not answer in {attempts} attempts, at last: {reason}; check that the server runs and what it logs"
    )]
    Unavailable {
        /// The model.
        model: String,
        /// How often it was asked.
        attempts: u32,
        /// What happened the last time.
        reason: String,
    },
    /// The server answered something that is no answer.
    #[error("{model} answered something that is no chat completion: {reason}")]
    Unreadable {
        /// The model.
        model: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The answer did not come in time, however often it was asked.
    #[error("{model} did not answer within {limit:?}; allow more time or fewer tokens an answer")]
    TimedOut {
        /// The model.
        model: String,
        /// The time.
        limit: Duration,
    },
    /// A replay was asked for more than was recorded.
    #[error("the recording of {model} has only {recorded} steps")]
    RecordingEnded {
        /// What was recorded.
        model: String,
        /// How many answers there are.
        recorded: usize,
    },
}

impl LmError {
    /// Who it belongs to: only a context that the attempt itself has filled is the agent's.
    pub fn class(&self) -> Class {
        match self {
            Self::ContextOverflow { .. } => Class::Agent,
            _ => Class::Infra,
        }
    }

    /// Whether asking again can help.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Unavailable { .. } | Self::TimedOut { .. } | Self::Unreadable { .. }
        )
    }
}
