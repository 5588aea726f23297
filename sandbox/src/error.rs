//! What can go wrong around a sandbox. What goes wrong inside one is an [`Output`](crate::Output).

use std::path::PathBuf;
use std::time::Duration;

/// The result of a sandbox operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure of the machinery, never of the command.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The machine does not offer what the backend is built on.
    #[error("the {backend} backend does not work on this machine: {reason}; {remedy}")]
    Unavailable {
        /// Which backend.
        backend: &'static str,
        /// What was tried and what happened.
        reason: String,
        /// What to do about it.
        remedy: String,
    },
    /// A path that the spec names is missing or unusable.
    #[error("the sandbox needs {path}, which cannot be used: {reason}", path = path.display())]
    Path {
        /// The host path.
        path: PathBuf,
        /// What happened.
        reason: String,
    },
    /// The place could not be set up.
    #[error("setting up the sandbox failed at {step}: {reason}")]
    Setup {
        /// Which step.
        step: String,
        /// What happened.
        reason: String,
    },
    /// The command's words name no program that can be started.
    #[error("cannot start {program:?} in the sandbox: {reason}")]
    Spawn {
        /// The first word.
        program: String,
        /// What happened.
        reason: String,
    },
    /// A file inside the sandbox could not be read or written.
    #[error("cannot access {path} in the sandbox: {reason}", path = path.display())]
    File {
        /// The path inside.
        path: PathBuf,
        /// What happened.
        reason: String,
    },
    /// The sandbox ended under the operation.
    #[error("the sandbox ended: {0}")]
    Gone(String),
    /// The machinery itself did not answer in time.
    #[error("the sandbox did not answer within {0:?}")]
    Unresponsive(Duration),
    /// The backend cannot do this.
    #[error("the {backend} backend cannot {operation}")]
    Unsupported {
        /// Which backend.
        backend: &'static str,
        /// What was asked.
        operation: &'static str,
    },
    /// The container engine refused or failed.
    #[error("the container engine failed at {doing}: {reason}; {remedy}")]
    Engine {
        /// What it was asked to do.
        doing: String,
        /// What it answered.
        reason: String,
        /// What to do about it.
        remedy: String,
    },
    /// An operating system call of the machinery failed.
    #[error("{context}: {source}")]
    Io {
        /// What was being done.
        context: String,
        /// What happened.
        source: std::io::Error,
    },
}
