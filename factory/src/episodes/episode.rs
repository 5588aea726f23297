//! One episode: what it is about and where it stands.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::{Duration, Instant};

use swemill_agent::{Attempt, AttemptError, Exit, Policy, Trajectory};
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
    pub(super) state: Arc<Mutex<State>>,
    /// Whether somebody does something with it, or waits to.
    is_claimed: AtomicBool,
    /// When it was last asked something.
    used: StdMutex<Instant>,
    _seat: OwnedSemaphorePermit,
}

/// What is left of it, and of what it did last.
pub(super) struct State {
    pub(super) stage: Stage,
    pub(super) last_step: Option<Stepped>,
    pub(super) verdict: Option<Verdict>,
}

pub(super) enum Stage {
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

/// The machinery failed under an episode. It is over, and counts for nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("episode `{episode_id}` failed by no fault of the policy: {reason}")]
pub struct Broken {
    /// The episode.
    pub episode_id: String,
    /// What happened.
    pub reason: String,
}

/// The right to do something with an episode, which one has at a time. Those who only look at it need none.
pub(super) struct Claim(Arc<Episode>);

/// An episode that nobody else can do anything with.
pub(super) struct Held {
    pub(super) state: OwnedMutexGuard<State>,
    claim: Claim,
}

impl Claim {
    /// Takes hold, when those who look are done.
    pub(super) async fn hold(self) -> Held {
        Held {
            state: self.0.state.clone().lock_owned().await,
            claim: self,
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.0.touch();
        self.0.is_claimed.store(false, Ordering::Release);
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
            is_claimed: AtomicBool::new(false),
            used: StdMutex::new(Instant::now()),
            _seat: seat,
        }
    }

    /// Claims it, unless somebody else has.
    pub(super) fn claim(self: &Arc<Self>) -> Result<Claim, EpisodeError> {
        if self.is_claimed.swap(true, Ordering::Acquire) {
            return Err(EpisodeError::Busy {
                episode_id: self.id.clone(),
            });
        }
        Ok(Claim(self.clone()))
    }

    /// Ends its sandbox, when whatever is being done with it is done.
    pub(super) async fn end(&self) {
        let mut state = self.state.lock().await;
        if let Some(attempt) = state.take()
            && let Err(error) = attempt.abandon().await
        {
            tracing::warn!(episode.id = %self.id, %error, "a sandbox did not end as it should; it ends with the process");
        }
    }

    /// Whether somebody does something with it, or waits to.
    pub(super) fn is_claimed(&self) -> bool {
        self.is_claimed.load(Ordering::Acquire)
    }

    /// How long nobody has asked it anything. One that is busy is not idle.
    pub(super) fn idle(&self) -> Duration {
        if self.is_claimed() {
            return Duration::ZERO;
        }
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.elapsed()
    }

    pub(super) fn touch(&self) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

impl State {
    /// Takes the attempt out to do something with it. If that is cut off, the episode has failed.
    pub(super) fn take(&mut self) -> Option<Box<Attempt<AttemptPlace>>> {
        if !matches!(self.stage, Stage::Running(_)) {
            return None;
        }
        let cut_off = Stage::Failed("what was done with it was cut off".to_owned());
        match std::mem::replace(&mut self.stage, cut_off) {
            Stage::Running(attempt) => Some(attempt),
            _ => None,
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
    pub(super) fn episode(&self) -> &Episode {
        &self.claim.0
    }

    /// The attempt, if an answer is awaited.
    pub(super) fn running(&self) -> Result<&Attempt<AttemptPlace>, EpisodeError> {
        let reason = match &self.state.stage {
            Stage::Running(attempt) => return Ok(attempt),
            Stage::Ended { trajectory, .. } => word(trajectory.exit),
            Stage::Failed(_) => "infra".to_owned(),
        };
        Err(EpisodeError::Over {
            episode_id: self.episode().id.clone(),
            reason,
        })
    }

    /// Gives it back: another answer is awaited.
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
        tracing::warn!(episode.id = %self.episode().id, instance.id = %self.episode().instance.id, reason, "an episode failed");
        self.state.stage = Stage::Failed(reason.clone());
        Broken {
            episode_id: self.episode().id.clone(),
            reason,
        }
    }
}

/// The name of an ending, as trajectories have it.
pub(super) fn word(exit: Exit) -> String {
    let name = serde_json::json!(exit);
    name.as_str().unwrap_or_default().to_owned()
}
