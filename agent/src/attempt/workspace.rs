//! Where an attempt's actions are carried out: a sandbox that is replaced by another one when it ends.

use std::sync::Arc;
use std::time::Duration;

use swemill_sandbox::Sandbox;

use super::AttemptError;
use crate::action::{Call, Observation};
use crate::hands::{Bench, Hands};
use crate::interface::Interface;
use crate::parse::Malformed;
use crate::patch::{Patch, PatchError};
use crate::place::Place;
use crate::trajectory::Step;

/// The sandbox of an attempt, started when it is first needed, and what of its state is not in it.
pub(super) struct Workspace<P> {
    interface: Arc<Interface>,
    /// Time of one command.
    command_limit: Duration,
    /// For messages to people.
    instance_id: String,
    place: P,
    sandbox: Option<Box<dyn Sandbox>>,
    hands: Hands,
    /// How often the sandbox may still be replaced.
    replacements_left: u32,
}

/// What became of an answer's actions.
pub(super) struct Done {
    pub(super) observations: Vec<Observation>,
    pub(super) malformed: Option<Malformed>,
}

impl<P: Place> Workspace<P> {
    pub(super) fn new(
        interface: Arc<Interface>,
        command_limit: Duration,
        replacements: u32,
        instance_id: &str,
        place: P,
    ) -> Self {
        Self {
            interface,
            command_limit,
            instance_id: instance_id.to_owned(),
            place,
            sandbox: None,
            hands: Hands::default(),
            replacements_left: replacements,
        }
    }

    /// Starts the sandbox if there is none, and stops what is not needed any more.
    pub(super) async fn ready(&mut self) -> Result<(), AttemptError> {
        let root = self.interface.root();
        started(&mut self.sandbox, &self.place, root).await?;
        Ok(self.hands.tidy().await?)
    }

    /// Carries out actions; when the sandbox ends under them, in a new one in which the completed steps were repeated.
    pub(super) async fn perform(
        &mut self,
        calls: &[Call],
        completed: &[Step],
    ) -> Result<Done, AttemptError> {
        self.ready().await?;
        loop {
            match self.try_to_perform(calls).await {
                Err(AttemptError::Sandbox(error)) => self.begin_anew(&error, completed).await?,
                done => return done,
            }
        }
    }

    /// Carries out a completed step's actions again. What they print may differ, how they end may not.
    pub(super) async fn repeat(&mut self, step: &Step) -> Result<(), AttemptError> {
        let calls = &step.calls[..step.observations.len().min(step.calls.len())];
        let done = self.try_to_perform(calls).await?;
        for (then, now) in step.observations.iter().zip(&done.observations) {
            if then.returncode != now.returncode {
                return Err(AttemptError::Diverged {
                    step: step.index,
                    then: then.returncode,
                    now: now.returncode,
                });
            }
        }
        Ok(())
    }

    /// What the completed steps have changed in the repository.
    pub(super) async fn patch(&mut self, completed: &[Step]) -> Result<Patch, AttemptError> {
        let interface = self.interface.clone();
        let root = interface.root();
        let sandbox = started(&mut self.sandbox, &self.place, root).await?;
        match self.hands.patch(sandbox, &self.place, root).await {
            Err(PatchError::Sandbox(error)) => {
                self.begin_anew(&error, completed).await?;
                let sandbox = started(&mut self.sandbox, &self.place, root).await?;
                Ok(self.hands.patch(sandbox, &self.place, root).await?)
            }
            patch => Ok(patch?),
        }
    }

    /// Ends the sandbox.
    pub(super) async fn close(mut self) -> Result<(), AttemptError> {
        let own = async {
            match self.sandbox {
                Some(sandbox) => sandbox.stop().await,
                None => Ok(()),
            }
        };
        let (own, other) = tokio::join!(own, self.hands.tidy());
        Ok(own.and(other)?)
    }

    async fn try_to_perform(&mut self, calls: &[Call]) -> Result<Done, AttemptError> {
        let root = self.interface.root();
        let bench = Bench {
            interface: &self.interface,
            sandbox: started(&mut self.sandbox, &self.place, root).await?,
            place: &self.place,
            command_limit: self.command_limit,
        };
        let mut done = Done {
            observations: Vec::with_capacity(calls.len()),
            malformed: None,
        };
        for call in calls {
            match self.hands.perform(&bench, &call.action).await? {
                Err(malformed) => done.malformed = Some(malformed),
                Ok(observation) => done.observations.push(observation),
            }
            let last = done.observations.last();
            let is_over = last.is_some_and(|observation| observation.submitted.is_some());
            if is_over || done.malformed.is_some() {
                break;
            }
        }
        Ok(done)
    }

    /// Starts another sandbox and repeats all completed steps in it.
    async fn begin_anew(
        &mut self,
        error: &swemill_sandbox::Error,
        completed: &[Step],
    ) -> Result<(), AttemptError> {
        let Some(left) = self.replacements_left.checked_sub(1) else {
            let reason = format!("it was replaced as often as is allowed; at last: {error}");
            return Err(swemill_sandbox::Error::Gone(reason).into());
        };
        self.replacements_left = left;
        tracing::warn!(instance.id = %self.instance_id, %error, "beginning anew in another sandbox");
        self.sandbox = None;
        self.hands = Hands::default();
        self.ready().await?;
        for step in completed {
            self.repeat(step).await?;
        }
        Ok(())
    }
}

/// The sandbox, started if there is none. Before anything is done in it, it shows the repository untouched.
async fn started<'a>(
    sandbox: &'a mut Option<Box<dyn Sandbox>>,
    place: &dyn Place,
    root: &str,
) -> Result<&'a dyn Sandbox, AttemptError> {
    let running = if let Some(running) = sandbox.take() {
        running
    } else {
        let fresh = place.start().await?;
        if let Some(untouched) = place.untouched() {
            untouched.learn(fresh.as_ref(), root).await?;
        }
        fresh
    };
    Ok(&**sandbox.insert(running))
}
