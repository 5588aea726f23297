//! The open episodes of a process: found by their ids, bounded in number.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use rand::TryRng as _;
use swemill_agent::templates::TemplateError;
use swemill_agent::{Dialect, Interface};
use swemill_environment::TESTBED;
use tokio::sync::Semaphore;

use super::episode::{Claim, Episode, Held};
use super::error::EpisodeError;
use super::seen::{Listed, Seen};
use super::tasks::Tasks;
use crate::machine::Machine;

/// What a process allows.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Episodes that are open at one time.
    pub episodes: usize,
    /// How long an episode may be left alone before it is closed.
    pub idle: Duration,
}

/// The open episodes.
pub struct Episodes {
    pub(super) machine: Arc<Machine>,
    pub(super) bounds: Bounds,
    interfaces: HashMap<Dialect, Arc<Interface>>,
    pub(super) open: Mutex<HashMap<String, Arc<Episode>>>,
    /// One for each episode that may be open.
    pub(super) seats: Arc<Semaphore>,
    /// Turns for what keeps a processor busy: sealing places, grading.
    pub(super) turns: Arc<Semaphore>,
    pub(super) tasks: Tasks,
    is_stopping: AtomicBool,
}

impl Episodes {
    /// None yet. Files in `templates` take the place of built-in ones.
    pub fn new(
        machine: Arc<Machine>,
        bounds: Bounds,
        templates: Option<&Path>,
    ) -> Result<Self, TemplateError> {
        let interface = |dialect| Interface::new(dialect, TESTBED, templates).map(Arc::new);
        let interfaces = Dialect::ALL
            .into_iter()
            .map(|dialect| Ok((dialect, interface(dialect)?)))
            .collect::<Result<_, TemplateError>>()?;
        let bounds = Bounds {
            episodes: bounds.episodes.clamp(1, Semaphore::MAX_PERMITS),
            ..bounds
        };
        Ok(Self {
            seats: Arc::new(Semaphore::new(bounds.episodes)),
            turns: Arc::new(Semaphore::new(machine.settings.workers.max(1))),
            machine,
            bounds,
            interfaces,
            open: Mutex::default(),
            tasks: Tasks::default(),
            is_stopping: AtomicBool::new(false),
        })
    }

    /// The machine that they run on.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// What is allowed.
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// How many are open, those that are being begun or closed included.
    pub fn count(&self) -> usize {
        self.bounds
            .episodes
            .saturating_sub(self.seats.available_permits())
    }

    /// Those that are open, by id.
    pub fn list(&self) -> Vec<Listed> {
        let open = self.open();
        let mut listed: Vec<Listed> = open.values().map(|episode| episode.listed()).collect();
        listed.sort_by(|one, other| one.episode_id.cmp(&other.episode_id));
        listed
    }

    /// An episode with its conversation and its last step; waits for a step that is under way.
    pub async fn see(&self, episode_id: &str) -> Result<Seen, EpisodeError> {
        let episode = self.find(episode_id)?;
        Ok(episode.see().await)
    }

    /// Takes nothing new any more.
    pub fn refuse(&self) {
        self.is_stopping.store(true, Ordering::Relaxed);
    }

    pub(super) fn admit(&self) -> Result<(), EpisodeError> {
        if self.is_stopping.load(Ordering::Relaxed) {
            return Err(EpisodeError::Stopping);
        }
        Ok(())
    }

    pub(super) fn interface(&self, dialect: Dialect) -> Arc<Interface> {
        let interface = self.interfaces.get(&dialect);
        interface
            .expect("there is one of every dialect since the beginning")
            .clone()
    }

    pub(super) fn find(&self, episode_id: &str) -> Result<Arc<Episode>, EpisodeError> {
        let found = self.open().get(episode_id).cloned();
        found.ok_or_else(|| EpisodeError::UnknownEpisode {
            episode_id: episode_id.to_owned(),
            idle: self.bounds.idle,
        })
    }

    /// Takes hold of episodes: of all of them, or of none.
    pub(super) async fn hold<'a>(
        &self,
        episode_ids: impl Iterator<Item = &'a str>,
    ) -> Result<Vec<Held>, EpisodeError> {
        let claims = episode_ids.map(|id| self.find(id)?.claim());
        let claims: Vec<Claim> = claims.collect::<Result<_, EpisodeError>>()?;
        Ok(join_all(claims.into_iter().map(Claim::hold)).await)
    }

    pub(super) fn open(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Episode>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A name that nobody can guess: who knows it may step the episode.
pub(super) fn new_id() -> Result<String, EpisodeError> {
    let mut bytes = [0; 12];
    rand::rngs::SysRng
        .try_fill_bytes(&mut bytes)
        .map_err(|error| EpisodeError::Random(error.to_string()))?;
    Ok(hex::encode(bytes))
}
