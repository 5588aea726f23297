//! The loop: policy → action → sandbox → observation, until the work is handed in or a limit is reached.

use std::sync::Arc;

use crate::attempt::{Attempt, AttemptError};
use crate::conversation::ContextOptions;
use crate::interface::{Interface, Task};
use crate::limits::{AttemptLimits, Exit};
use crate::lm::{Class, Lm};
use crate::observer::Observer;
use crate::place::Place;
use crate::trajectory::Trajectory;

/// A policy, an interface and its limits: good for any number of attempts.
#[derive(Clone, Debug)]
pub struct Agent {
    /// What decides.
    pub lm: Arc<dyn Lm>,
    /// How it speaks.
    pub interface: Arc<Interface>,
    /// What each attempt may use.
    pub limits: AttemptLimits,
    /// How much conversation a query has.
    pub context: ContextOptions,
}

impl Agent {
    /// Makes one attempt at a task. It ends with a trajectory whatever the agent does; an error is the machinery's, leaves
    /// the completed steps with the observer, and counts for nothing.
    pub async fn attempt(
        &self,
        task: &Task,
        place: &dyn Place,
        observer: &mut dyn Observer,
    ) -> Result<Trajectory, AttemptError> {
        let mut attempt = Attempt::begin(self, task, place).await?;
        let recorded = observer.recorded().await.map_err(AttemptError::Observer)?;
        attempt.resume(recorded).await?;
        let exit = loop {
            if let Some(exit) = attempt.exit() {
                break exit;
            }
            let (completion, seconds) = match attempt.ask().await {
                Ok(answer) => answer,
                Err(AttemptError::Lm(error)) if error.class() == Class::Agent => {
                    break Exit::Context;
                }
                Err(error) => return Err(error),
            };
            let step = attempt.act(completion, seconds).await?;
            let told = observer.completed(&step).await;
            told.map_err(AttemptError::Observer)?;
            attempt.add(step);
        };
        attempt.hand_in(exit).await
    }
}
