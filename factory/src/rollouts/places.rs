//! Sealed places, one for all attempts at an instance that run at one time.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, Weak};

use async_trait::async_trait;
use swemill_agent::Place;
use swemill_agent::patch::Untouched;
use swemill_sandbox::{Backend, Error, Limits, Result, Sandbox};
use swemill_store::instances::Instance;
use tokio::sync::{Mutex, OnceCell};

use super::AttemptPlace;
use super::clock::Clock;
use crate::failure::StageError;
use crate::machine::Machine;
use crate::seal::{Options, Sealed, seal};

type Kept = Arc<Mutex<Weak<Sealed>>>;

/// The places in use; one that nobody uses any more is gone from the disk.
#[derive(Debug, Default)]
pub(super) struct Places {
    kept: Mutex<HashMap<(String, bool), Kept>>,
}

impl Places {
    /// The place for attempts at an instance, made if nobody has it.
    pub(super) async fn of(
        &self,
        machine: &Machine,
        instance: &Instance,
        hide_tests: bool,
    ) -> std::result::Result<Arc<Sealed>, StageError> {
        let key = (instance.id.clone(), hide_tests);
        let mut kept = self.kept.lock().await;
        // Forgets what nobody uses; one that is being made right now is locked, and stays.
        kept.retain(|_, place| {
            place
                .try_lock()
                .map_or(true, |place| place.strong_count() > 0)
        });
        let place = kept.entry(key).or_default().clone();
        drop(kept);
        let mut place = place.lock().await;
        if let Some(sealed) = place.upgrade() {
            return Ok(sealed);
        }
        // Hundreds that are sealed at one time would starve everything else, the renewal of leases first.
        let _turn = machine.workplace().pace.turn().await;
        let sealed = Arc::new(seal(machine, instance, &Options { hide_tests }).await?);
        *place = Arc::downgrade(&sealed);
        Ok(sealed)
    }
}

/// A sealed place with its limits, as the agent's crate wants one.
#[derive(Debug)]
pub(crate) struct SealedPlace {
    pub(super) backend: Arc<dyn Backend>,
    pub(super) sealed: Arc<Sealed>,
    pub(super) limits: Limits,
}

#[async_trait]
impl Place for SealedPlace {
    async fn start(&self) -> Result<Box<dyn Sandbox>> {
        let environment = &self.sealed.environment;
        self.backend.start(environment, &self.limits).await
    }

    fn untouched(&self) -> Option<&Untouched> {
        Some(&self.sealed.untouched)
    }
}

/// The place of one attempt, sealed when its first sandbox is asked for: an agent is asked its first question meanwhile.
pub(super) struct PlaceOnDemand<'a> {
    machine: &'a Machine,
    instance: &'a Instance,
    hide_tests: bool,
    clock: Arc<Clock>,
    place: OnceCell<AttemptPlace>,
    failure: OnceLock<StageError>,
}

impl<'a> PlaceOnDemand<'a> {
    pub(super) fn new(
        machine: &'a Machine,
        instance: &'a Instance,
        hide_tests: bool,
        clock: Arc<Clock>,
    ) -> Self {
        Self {
            machine,
            instance,
            hide_tests,
            clock,
            place: OnceCell::new(),
            failure: OnceLock::new(),
        }
    }

    /// Why it could not be sealed, with its class, if that is what the attempt failed of.
    pub(super) fn failure(self) -> Option<StageError> {
        self.failure.into_inner()
    }

    async fn seal(&self) -> Result<AttemptPlace> {
        let workplace = self.machine.workplace();
        let clock = self.clock.clone();
        let place = workplace.timed_place(self.machine, self.instance, self.hide_tests, clock);
        place.await.map_err(|failure| {
            let reason = failure.to_string();
            // The first failure ends the attempt.
            let _ = self.failure.set(failure);
            Error::Setup {
                step: "sealing the repository".to_owned(),
                reason,
            }
        })
    }
}

impl std::fmt::Debug for PlaceOnDemand<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("PlaceOnDemand")
            .field("instance", &self.instance.id)
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Place for PlaceOnDemand<'_> {
    async fn start(&self) -> Result<Box<dyn Sandbox>> {
        let place = self.place.get_or_try_init(|| self.seal()).await?;
        place.start().await
    }

    fn untouched(&self) -> Option<&Untouched> {
        self.place.get()?.untouched()
    }
}
