//! Rollouts: agents try to repair instances, and each try is graded and kept.
//!
//! A [`Campaign`] is what a user asks for, kept in the store; [`queue`] makes its attempts and their jobs. An
//! `attempt` job lets the agent of `swemill-agent` work in a sealed place ([`places`]), bounded by [`pace`], timed by [`clock`], decided by
//! a [`policy`], its steps kept by [`record`]; when it ends, its trajectory and a `grade` job are committed together.
//! [`trajectories`] reads what is kept, for exports; [`accounts`] counts it.

pub mod accounts;
mod attempt;
pub mod campaign;
mod clock;
mod engine;
mod gold;
mod grade;
mod pace;
mod places;
mod policy;
mod queue;
mod record;
pub mod trajectories;

use std::sync::Arc;

use swemill_agent::Interface;
use swemill_store::instances::Instance;
use tokio::sync::Mutex;

use crate::failure::StageError;
use crate::machine::Machine;
use campaign::Campaign;
use clock::{Clock, Part};
use pace::{Pace, Paced};
use places::{Places, SealedPlace};
use policy::Policies;

pub use attempt::Attempted;
pub use grade::Graded;
pub use queue::{Asked, queue};

pub(crate) use attempt::run as attempt;
pub(crate) use grade::run as grade;
pub(crate) use queue::{OfRollout, key};

/// The kind of job in which an agent works.
pub const ROLLOUT: &str = "rollout";
/// The kind of job in which its patch is graded.
pub const GRADE: &str = "grade";

/// What the attempts of a process share.
#[derive(Debug)]
pub(crate) struct Workplace {
    pace: Pace,
    places: Places,
    policies: Policies,
    /// The campaigns that were met, with their interfaces.
    known: Mutex<std::collections::HashMap<i64, Arc<Known>>>,
}

/// Where an attempt happens: a sealed place whose sandboxes start, and run commands, in turn.
pub(crate) type AttemptPlace = Paced<SealedPlace>;

/// A campaign, ready for any number of attempts.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) campaign: Campaign,
    pub(crate) interface: Arc<Interface>,
}

impl Workplace {
    /// For a machine whose processors run so many commands at one time.
    pub(crate) fn new(commands: usize) -> Self {
        Self {
            pace: Pace::new(commands),
            places: Places::default(),
            policies: Policies::default(),
            known: Mutex::default(),
        }
    }

    /// A place for an attempt at an instance.
    pub(crate) async fn place(
        &self,
        machine: &Machine,
        instance: &Instance,
        hide_tests: bool,
    ) -> Result<AttemptPlace, StageError> {
        let clock = Arc::default();
        self.timed_place(machine, instance, hide_tests, clock).await
    }

    /// The same, with its time taken.
    async fn timed_place(
        &self,
        machine: &Machine,
        instance: &Instance,
        hide_tests: bool,
        clock: Arc<Clock>,
    ) -> Result<AttemptPlace, StageError> {
        let sealed = self.places.of(machine, instance, hide_tests);
        Ok(Paced {
            place: SealedPlace {
                backend: machine.shared_backend(),
                sealed: clock.over(Part::Sealing, sealed).await?,
                limits: machine.settings.test_limits(),
            },
            pace: self.pace.clone(),
            clock,
        })
    }

    /// A campaign of the store.
    async fn campaign(&self, pool: &sqlx::PgPool, id: i64) -> Result<Arc<Known>, StageError> {
        let mut known = self.known.lock().await;
        if let Some(found) = known.get(&id) {
            return Ok(found.clone());
        }
        let campaign = Campaign::load(pool, id).await?;
        let interface = Arc::new(campaign.interface()?);
        let made = Arc::new(Known {
            campaign,
            interface,
        });
        known.insert(id, made.clone());
        Ok(made)
    }
}
