//! Who is told of an attempt while it runs.

use async_trait::async_trait;

use crate::trajectory::Step;

/// What an observer can fail with.
pub type ObserverError = Box<dyn std::error::Error + Send + Sync>;

/// Keeps an attempt's steps, so that it can go on where it was when its process died.
#[async_trait]
pub trait Observer: Send {
    /// The steps of this attempt that were kept before, in order. They are not asked of the model again; their actions
    /// are carried out again, in a fresh sandbox.
    async fn recorded(&mut self) -> Result<Vec<Step>, ObserverError> {
        Ok(Vec::new())
    }

    /// A step was completed. The model may be asked for the next one meanwhile; none of its actions is carried out before
    /// this returns. An error ends the attempt, which can be resumed.
    async fn completed(&mut self, step: &Step) -> Result<(), ObserverError>;
}

/// Keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unobserved;

#[async_trait]
impl Observer for Unobserved {
    async fn completed(&mut self, _step: &Step) -> Result<(), ObserverError> {
        Ok(())
    }
}
