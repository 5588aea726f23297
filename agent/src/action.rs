//! What an agent can do, whatever the notation it says it in.

use serde::{Deserialize, Serialize};

use crate::editor::Edit;

/// One action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "tool", rename_all = "snake_case")]
pub enum Action {
    /// Run a command in bash.
    Bash {
        /// The command, of any number of lines.
        command: String,
    },
    /// Use the editor (`str_replace_editor`).
    Edit(Edit),
    /// Hand in the repository as it is.
    Submit,
}

impl Action {
    /// As a line for a shell, for people to read.
    pub fn to_shell(&self) -> String {
        crate::interface::render::shell(self)
    }
}

/// An action with the tool call that asked for it, where the interface has tool calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// What to do.
    pub action: Action,
    /// The id of the tool call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// What an action led to. Everything in it was really observed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// What was printed, standard error included.
    pub output: String,
    /// The exit status; negative when there was none.
    pub returncode: i32,
    /// Why there was no exit status of the command's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exception: Option<String>,
    /// Whether it was ended at the time limit of a command.
    #[serde(default)]
    pub timed_out: bool,
    /// Wall time, in seconds.
    pub seconds: f64,
    /// What was printed after the submission marker, if this ends the attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted: Option<String>,
}

impl Observation {
    /// Output of a tool of our own, with its exit status.
    pub fn said(output: impl Into<String>, returncode: i32) -> Self {
        Self {
            output: output.into(),
            returncode,
            ..Self::default()
        }
    }
}
