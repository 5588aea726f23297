//! The loop: policy → action → sandbox → observation, until the work is handed in or a limit is reached.

use std::sync::Arc;
use std::time::Instant;

use crate::attempt::{Attempt, AttemptError, Rules};
use crate::conversation::ContextOptions;
use crate::interface::{Interface, Task};
use crate::limits::{AttemptLimits, Exit};
use crate::lm::{Class, Completion, Lm, LmError, Query};
use crate::observer::Observer;
use crate::place::Place;
use crate::trajectory::{Step, Trajectory};

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
        let mut attempt = Attempt::begin(self.rules(), task.clone(), place)?;
        let recorded = observer.recorded().await.map_err(AttemptError::Observer)?;
        attempt.resume(recorded).await?;
        // The observer is told of a step while the next answer is awaited, or the work handed in.
        let mut untold = None;
        let exit = loop {
            if let Some(exit) = attempt.exit() {
                break exit;
            }
            let telling = tell(observer, untold.take());
            let asked = attempt.ask(async |query| tokio::join!(self.ask(query, task), telling));
            let (answer, told) = asked.await?;
            told?;
            let (completion, seconds) = match answer {
                Ok(answer) => answer,
                Err(error) if error.class() == Class::Agent => break Exit::Context,
                Err(error) => return Err(error.into()),
            };
            let step = attempt.act(completion, seconds).await?;
            untold = Some(step.clone());
            attempt.add(step);
        };
        let handing_in = attempt.hand_in(exit, self.lm.name(), self.lm.policy());
        let (told, trajectory) = tokio::join!(tell(observer, untold), handing_in);
        told?;
        trajectory
    }

    /// Asks the model, and says how many seconds it took. Failures that pass are tried again; their time is not counted.
    async fn ask(&self, query: Query<'_>, task: &Task) -> Result<(Completion, f64), LmError> {
        let mut retries = self.limits.infra_retries;
        loop {
            let begun = Instant::now();
            match self.lm.complete(query).await {
                Ok(completion) => {
                    let seconds = completion.seconds;
                    let seconds = seconds.unwrap_or_else(|| begun.elapsed().as_secs_f64());
                    return Ok((completion, seconds));
                }
                Err(error) if error.is_passing() && retries > 0 => {
                    retries -= 1;
                    tracing::warn!(instance.id = %task.instance_id, %error, "asking the model again");
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn rules(&self) -> Rules {
        Rules {
            interface: self.interface.clone(),
            limits: self.limits.clone(),
            context: self.context.clone(),
        }
    }
}

async fn tell(observer: &mut dyn Observer, completed: Option<Step>) -> Result<(), AttemptError> {
    match completed {
        Some(step) => (observer.completed(&step).await).map_err(AttemptError::Observer),
        None => Ok(()),
    }
}
