//! Taking steps.

use std::sync::Arc;

use futures_util::future::join_all;
use swemill_agent::{Completion, Exit, Step, Trajectory};

use super::answer::Answer;
use super::episode::{Broken, Held};
use super::error::EpisodeError;
use super::registry::Episodes;

/// A step to take.
#[derive(Clone, Debug)]
pub struct StepAsked {
    /// In this episode.
    pub episode_id: String,
    /// By this answer.
    pub answer: Answer,
    /// The time that the answer took, in seconds; it counts toward the wall time.
    pub seconds: f64,
}

/// A step that was taken.
#[derive(Clone, Debug)]
pub struct Stepped {
    /// The episode.
    pub episode_id: String,
    /// What was done and seen, and what the conversation gained.
    pub step: Step,
    /// How the episode ended, if it did by this step.
    pub exit: Option<Exit>,
}

impl Episodes {
    /// Takes a step in each of these episodes, at one time; all of them can be taken, or none is. A step that was begun is
    /// taken to its end though nobody waits for it.
    pub async fn step(
        self: &Arc<Self>,
        asked: Vec<StepAsked>,
    ) -> Result<Vec<Result<Stepped, Broken>>, EpisodeError> {
        self.admit()?;
        let ids = asked.iter().map(|step| step.episode_id.as_str());
        let held = self.hold(ids).await?;
        let mut ready = Vec::with_capacity(asked.len());
        for (step, held) in asked.into_iter().zip(held) {
            let attempt = held.running()?;
            let number = attempt.spent().steps;
            let interface = &attempt.rules().interface;
            let completion = step.answer.completion(interface, number)?;
            ready.push((held, completion, step.seconds));
        }
        let taken = ready.into_iter().map(|(held, completion, seconds)| {
            let episode_id = held.episode().id.clone();
            let taken = self.tasks.start(held.step(completion, seconds));
            async {
                taken.await.unwrap_or_else(|| {
                    Err(Broken {
                        episode_id,
                        reason: "the step was cut off by a stop or a defect".to_owned(),
                    })
                })
            }
        });
        Ok(join_all(taken.collect::<Vec<_>>()).await)
    }
}

impl Held {
    async fn step(mut self, completion: Completion, seconds: f64) -> Result<Stepped, Broken> {
        let episode_id = self.episode().id.clone();
        let Some(mut attempt) = self.state.take() else {
            let reason = "it is over".to_owned();
            return Err(Broken { episode_id, reason });
        };
        let step = match attempt.act(completion, seconds).await {
            Ok(step) => step,
            Err(error) => return Err(self.fail(&error)),
        };
        attempt.add(step.clone());
        let exit = attempt.exit();
        match exit {
            None => self.put_back(attempt),
            Some(exit) => {
                let handed_in = self.hand_in(*attempt, exit, Trajectory::model_patch);
                handed_in.await?;
            }
        }
        let stepped = Stepped {
            episode_id,
            step,
            exit,
        };
        self.state.last_step = Some(stepped.clone());
        Ok(stepped)
    }
}
