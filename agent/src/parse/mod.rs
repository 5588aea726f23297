//! From a model's answer to actions. Each notation is a file; none panics, whatever it is given.

pub mod arguments;
pub mod fenced;
pub mod function_calling;
pub mod thought_action;
pub mod tool_calls;
pub mod words;
pub mod xml;

use serde::{Deserialize, Serialize};

use crate::action::Call;

/// An answer that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// What the model said besides its actions.
    pub thought: String,
    /// What it wants done, in order; at least one.
    pub calls: Vec<Call>,
}

/// An answer that was not understood. It costs a step, and the model is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{detail}")]
pub struct Malformed {
    /// What kind of error it is.
    pub fault: Fault,
    /// What is wrong, as the published parser says it.
    pub detail: String,
    /// How many actions were found.
    pub found: usize,
}

/// Kinds of malformed answers, by SWE-agent's error codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// There is no action.
    Missing,
    /// There is more than one action.
    Multiple,
    /// The action is no action of this interface.
    InvalidCommand,
    /// The arguments are no JSON object.
    InvalidJson,
    /// An argument that is required is not given.
    MissingArg,
    /// An argument is given that is not taken, or cannot be taken as it is.
    UnexpectedArg,
    /// The command is no bash.
    Syntax,
    /// The command needs what a sandbox does not have, such as a terminal.
    Blocked,
}

impl Fault {
    /// As SWE-agent's templates call it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Multiple => "multiple",
            Self::InvalidCommand => "invalid_command",
            Self::InvalidJson => "invalid_json",
            Self::MissingArg => "missing_arg",
            Self::UnexpectedArg => "unexpected_arg",
            Self::Syntax => "syntax",
            Self::Blocked => "blocked",
        }
    }
}

impl Malformed {
    pub(crate) fn new(fault: Fault, detail: impl Into<String>, found: usize) -> Self {
        Self {
            fault,
            detail: detail.into(),
            found,
        }
    }
}
