//! What can keep an attempt from going on, none of it the agent's fault.

use crate::lm::LmError;
use crate::observer::ObserverError;
use crate::patch::PatchError;
use crate::templates::TemplateError;

/// The machinery failed under an attempt. What was completed can be resumed; nothing is billed to the agent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttemptError {
    /// The model did not answer.
    #[error(transparent)]
    Lm(#[from] LmError),
    /// Sandboxes failed, again and again.
    #[error("the attempt's sandbox failed: {0}")]
    Sandbox(#[from] swemill_sandbox::Error),
    /// A template cannot be used.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The patch could not be taken.
    #[error(transparent)]
    Patch(#[from] PatchError),
    /// The steps could not be kept.
    #[error("the attempt's step could not be kept: {0}")]
    Observer(#[source] ObserverError),
    /// Recorded actions did not do the same again.
    #[error(
        "step {step} does not repeat: its action ended with {now} instead of {then}; the attempt has to begin anew"
    )]
    Diverged {
        /// The step, from 0.
        step: usize,
        /// The exit status that was recorded.
        then: i32,
        /// That of this time.
        now: i32,
    },
}
