//! How a build fails: which step, why, and what would mend it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The steps of a build, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Step {
    /// Reading what the repository says about itself.
    Plan,
    /// Finding uv, the tool that resolves and installs.
    Tool,
    /// Choosing an interpreter.
    Interpreter,
    /// Copying the repository's files.
    Copy,
    /// Resolving requirements to exact versions.
    Lock,
    /// Installing wheels.
    Wheels,
    /// Building dependencies that have no wheel.
    Sdists,
    /// Installing the project itself.
    Project,
    /// Asking pytest what tests there are.
    Collect,
    /// Running the tests once.
    Test,
    /// Putting the result in its place.
    Keep,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plan => "reading the project",
            Self::Tool => "finding uv",
            Self::Interpreter => "choosing an interpreter",
            Self::Copy => "copying the repository",
            Self::Lock => "resolving requirements",
            Self::Wheels => "installing wheels",
            Self::Sdists => "building dependencies",
            Self::Project => "installing the project",
            Self::Collect => "collecting tests",
            Self::Test => "running the tests once",
            Self::Keep => "keeping the environment",
        })
    }
}

/// Whose failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// The repository cannot be built as it is; trying again gives the same.
    Environment,
    /// The machine, the network or swemill failed; trying again may help.
    Infra,
}

/// A build that gave no environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{step} failed: {reason}\n  to mend it: {remedy}")]
pub struct BuildFailure {
    /// Whose failure it is.
    pub class: Class,
    /// Which step failed.
    pub step: Step,
    /// What was tried and what happened.
    pub reason: String,
    /// What would mend it.
    pub remedy: String,
    /// The end of the failing command's output; empty when no command ran.
    pub log: String,
    /// Whether any other way would end alike: a ceiling was reached, or there is nothing to find.
    #[serde(default)]
    pub conclusive: bool,
}

/// The result of one step.
pub type Result<T, E = BuildFailure> = std::result::Result<T, E>;

impl BuildFailure {
    /// A failure of the repository.
    pub(crate) fn environment(
        step: Step,
        reason: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            class: Class::Environment,
            step,
            reason: reason.into(),
            remedy: remedy.into(),
            log: String::new(),
            conclusive: false,
        }
    }

    /// A failure of what surrounds the repository.
    pub(crate) fn infra(step: Step, reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            class: Class::Infra,
            ..Self::environment(step, reason, remedy)
        }
    }

    /// A file operation of ours that failed.
    pub(crate) fn io(step: Step, what: impl fmt::Display, error: &std::io::Error) -> Self {
        Self::infra(
            step,
            format!("{what}: {error}"),
            "check that the data folder is writable and its disk has room, then try again",
        )
    }

    /// A failure of the sandbox machinery.
    pub(crate) fn sandbox(step: Step, error: &swemill_sandbox::Error) -> Self {
        Self::infra(
            step,
            format!("the sandbox did not work: {error}"),
            "run `swemill doctor` to see what sandboxes need on this machine",
        )
    }

    /// The same with the end of a command's output.
    pub(crate) fn with_log(mut self, log: &str) -> Self {
        self.log = tail(log, 4_000);
        self
    }
}

/// The last whole lines of `text` within `limit` bytes.
pub(crate) fn tail(text: &str, limit: usize) -> String {
    let text = text.trim_end();
    if text.len() <= limit {
        return text.to_owned();
    }
    let start = text.ceil_char_boundary(text.len() - limit);
    let rest = &text[start..];
    rest.find('\n')
        .map_or(rest, |newline| &rest[newline + 1..])
        .to_owned()
}
