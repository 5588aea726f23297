//! One episode: what it is about and where it stands.

use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::{Duration, Instant};

use swemill_agent::{Attempt, AttemptError, Exit, Message, Policy, Spent, Trajectory};
use swemill_store::instances::Instance;
use tokio::sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit};

use super::{EpisodeError, Stepped, Verdict};
use crate::rollouts::AttemptPlace;

/// The policy's name in a trajectory: this side does not know whose answers they are.
const POLICY: &str = "http";

/// An attempt whose decisions come from outside.
pub(super) struct Episode {
    pub(super) id: String,
    pub(super) instance: Arc<Instance>,
    state: Arc<Mutex<State>>,
    /// When it was last asked something.
    used: StdMutex<Instant>,
    _seat: OwnedSemaphorePermit,
}

/// What is left of it, and of what it did last.
pub(super) struct State {
    stage: Stage,
    pub(super) last_step: Option<Stepped>,
    pub(super) verdict: Option<Verdict>,
}

enum Stage {
    /// An answer is awaited.
    Running(Box<Attempt<AttemptPlace>>),
    /// It is over; the sandbox is gone. The patch is what is graded.
    Ended {
        trajectory: Box<Trajectory>,
        patch: String,
    },
    /// The machinery failed.
    Failed(String),
}

/// How an episode stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// An answer is awaited.
    Running,
    /// It is over.
    Ended(Exit),
    /// The machinery failed: it counts for nothing.
    Failed(String),
}

/// The machinery failed under an episode. It is over, and counts for nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("episode `{episode_id}` failed by no fault of the policy: {reason}")]
pub struct Broken {
    /// The episode.
    pub episode_id: String,
    /// What happened.
    pub reason: String,
}

/// An episode as it was seen between two steps.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its id.
    pub episode_id: String,
    /// The instance.
    pub instance_id: String,
    /// How it stands.
    pub standing: Standing,
    /// The whole conversation.
    pub messages: Vec<Message>,
    /// What it has used; nothing is known of one that failed.
    pub spent: Spent,
    /// Its last step.
    pub last_step: Option<Stepped>,
    /// Its grade.
    pub verdict: Option<Verdict>,
}

/// An episode that nobody else can do anything with.
pub(super) struct Held {
    pub(super) episode: Arc<Episode>,
    pub(super) state: OwnedMutexGuard<State>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.episode.touch();
    }
}

impl Episode {
    pub(super) fn new(
        id: String,
        instance: Arc<Instance>,
        attempt: Attempt<AttemptPlace>,
        seat: OwnedSemaphorePermit,
    ) -> Self {
        Self {
            id,
            instance,
            state: Arc::new(Mutex::new(State {
                stage: Stage::Running(Box::new(attempt)),
                last_step: None,
                verdict: None,
            })),
            used: StdMutex::new(Instant::now()),
            _seat: seat,
        }
    }

    /// Takes hold of it, unless somebody else has.
    pub(super) fn try_hold(self: &Arc<Self>) -> Result<Held, EpisodeError> {
        let state = self.state.clone().try_lock_owned();
        let state = state.map_err(|_| EpisodeError::Busy {
            episode_id: self.id.clone(),
        })?;
        Ok(Held {
            episode: self.clone(),
            state,
        })
    }

    /// Takes hold of it when whoever has it is done.
    pub(super) async fn hold(self: &Arc<Self>) -> Held {
        Held {
            state: self.state.clone().lock_owned().await,
            episode: self.clone(),
        }
    }

    /// How long nobody has asked it anything. One that is busy is not idle.
    pub(super) fn idle(&self) -> Duration {
        if self.state.try_lock().is_err() {
            return Duration::ZERO;
        }
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.elapsed()
    }

    fn touch(&self) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

impl State {
    pub(super) fn standing(&self) -> Standing {
        match &self.stage {
            Stage::Running(_) => Standing::Running,
            Stage::Ended { trajectory, .. } => Standing::Ended(trajectory.exit),
            Stage::Failed(reason) => Standing::Failed(reason.clone()),
        }
    }

    /// The patch to grade, once it is over.
    pub(super) fn patch(&self) -> Option<&str> {
        match &self.stage {
            Stage::Ended { patch, .. } => Some(patch),
            _ => None,
        }
    }
}

impl Held {
    /// The attempt, if an answer is awaited.
    pub(super) fn running(&self) -> Result<&Attempt<AttemptPlace>, EpisodeError> {
        let reason = match &self.state.stage {
            Stage::Running(attempt) => return Ok(attempt),
            Stage::Ended { trajectory, .. } => word(trajectory.exit),
            Stage::Failed(_) => "infra".to_owned(),
        };
        Err(EpisodeError::Over {
            episode_id: self.episode.id.clone(),
            reason,
        })
    }

    /// Takes the attempt out to do something with it. If that is cut off, the episode has failed.
    pub(super) fn take(&mut self) -> Option<Box<Attempt<AttemptPlace>>> {
        if !matches!(self.state.stage, Stage::Running(_)) {
            return None;
        }
        let cut_off = Stage::Failed("what was done with it was cut off".to_owned());
        match std::mem::replace(&mut self.state.stage, cut_off) {
            Stage::Running(attempt) => Some(attempt),
            _ => None,
        }
    }

    pub(super) fn put_back(&mut self, attempt: Box<Attempt<AttemptPlace>>) {
        self.state.stage = Stage::Running(attempt);
    }

    /// Takes the patch and ends the sandbox. `patch_of` says which patch is graded.
    pub(super) async fn hand_in(
        &mut self,
        attempt: Attempt<AttemptPlace>,
        exit: Exit,
        patch_of: impl FnOnce(&Trajectory) -> String + Send,
    ) -> Result<(), Broken> {
        match attempt.hand_in(exit, POLICY, Policy::Model).await {
            Ok(trajectory) => {
                self.state.stage = Stage::Ended {
                    patch: patch_of(&trajectory),
                    trajectory: Box::new(trajectory),
                };
                Ok(())
            }
            Err(error) => Err(self.fail(&error)),
        }
    }

    /// Notes that the machinery failed.
    pub(super) fn fail(&mut self, error: &AttemptError) -> Broken {
        let reason = error.to_string();
        tracing::warn!(episode.id = %self.episode.id, instance.id = %self.episode.instance.id, reason, "an episode failed");
        self.state.stage = Stage::Failed(reason.clone());
        Broken {
            episode_id: self.episode.id.clone(),
            reason,
        }
    }

    /// As it is now.
    pub(super) fn seen(&mut self) -> Seen {
        let (messages, spent) = match &mut self.state.stage {
            Stage::Running(attempt) => {
                let messages = attempt.query().map(|query| query.messages.to_vec());
                (messages.unwrap_or_default(), *attempt.spent())
            }
            Stage::Ended { trajectory, .. } => (trajectory.messages(), trajectory.spent),
            Stage::Failed(_) => (Vec::new(), Spent::default()),
        };
        Seen {
            episode_id: self.episode.id.clone(),
            instance_id: self.episode.instance.id.clone(),
            standing: self.state.standing(),
            messages,
            spent,
            last_step: self.state.last_step.clone(),
            verdict: self.state.verdict.clone(),
        }
    }
}

/// The name of an ending, as trajectories have it.
pub(super) fn word(exit: Exit) -> String {
    let name = serde_json::json!(exit);
    name.as_str().unwrap_or_default().to_owned()
}
