//! Beginning episodes.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::Value;
use swemill_agent::{Attempt, AttemptLimits, ContextOptions, Dialect, Message, Rules, Task};
use swemill_store::instances::{self, Instance, InstanceFilter};
use tokio::sync::OwnedSemaphorePermit;

use super::episode::Episode;
use super::error::EpisodeError;
use super::registry::{Episodes, new_id};
use crate::failure::StageError;
use crate::verification::sample;

/// Which episodes are wanted.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The instances.
    pub choice: Choice,
    /// Episodes of each.
    pub attempts: usize,
}

/// How instances are chosen.
#[derive(Clone, Debug)]
pub enum Choice {
    /// By their ids, in this order.
    Ids(Vec<String>),
    /// Drawn without putting back, the same for the same seed and store.
    Draw {
        /// From those that pass.
        filter: Box<InstanceFilter>,
        /// So many, or as many as there are.
        count: usize,
        /// Decides which.
        seed: u64,
    },
}

/// What holds in an episode.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The notation of answers and observations.
    pub dialect: Dialect,
    /// What may be used.
    pub limits: AttemptLimits,
    /// Whether the tests that judge are taken out of the repository.
    pub hide_tests: bool,
}

/// An episode's beginning.
#[derive(Clone, Debug)]
pub struct Opening {
    /// Its id.
    pub episode_id: String,
    /// The instance.
    pub instance_id: String,
    /// The first observation: the system's message and the task.
    pub messages: Vec<Message>,
    /// Schemas of the tools to offer the model; empty in text notations.
    pub tools: Vec<Value>,
}

/// One episode of those that were wanted: its beginning, or the instance and why the machinery could not begin it.
pub type Begun = Result<Opening, (String, StageError)>;

impl Episodes {
    /// Begins episodes: all that are wanted fit, or none is begun.
    pub async fn reset(
        self: &Arc<Self>,
        wanted: Wanted,
        terms: Terms,
    ) -> Result<Vec<Begun>, EpisodeError> {
        self.admit()?;
        let instances = self.choose(wanted).await?;
        let mut seats = self.seats(instances.len())?;
        let mut waiting = Vec::with_capacity(instances.len());
        for instance in instances {
            let Some(seat) = seats.split(1) else { break };
            let (episodes, terms, id) = (self.clone(), terms.clone(), new_id()?);
            let instance_id = instance.id.clone();
            let work = async move { episodes.begin(id, instance, terms, seat).await };
            waiting.push((instance_id, self.tasks.start(work)));
        }
        let begun = waiting.into_iter().map(|(instance_id, begun)| async {
            let begun = begun
                .await
                .unwrap_or_else(|| Err(StageError::infra("it was cut off by a stop or a defect")));
            begun.map_err(|error| (instance_id, error))
        });
        Ok(join_all(begun).await)
    }

    /// The instances, as often as there are to be episodes of them.
    async fn choose(&self, wanted: Wanted) -> Result<Vec<Arc<Instance>>, EpisodeError> {
        let pool = self.machine.pool();
        let ids = match wanted.choice {
            Choice::Ids(ids) => ids,
            Choice::Draw {
                filter,
                count,
                seed,
            } => {
                let ids = sample(instances::ids(pool, &filter).await?, count, seed);
                if ids.is_empty() {
                    return Err(EpisodeError::NoInstance);
                }
                ids
            }
        };
        let count = ids.len().saturating_mul(wanted.attempts);
        if count == 0 || count > self.bounds.episodes {
            let most = self.bounds.episodes;
            let reason = format!("{count} episodes are wanted; one request begins 1 to {most}");
            return Err(EpisodeError::invalid("instances", reason));
        }
        let mut known: HashMap<String, Arc<Instance>> = HashMap::new();
        let mut chosen = Vec::with_capacity(count);
        for id in ids {
            let instance = if let Some(instance) = known.get(&id) {
                instance.clone()
            } else {
                let Some(found) = instances::get(pool, &id).await? else {
                    return Err(EpisodeError::UnknownInstance { instance_id: id });
                };
                let found = Arc::new(found);
                known.insert(id, found.clone());
                found
            };
            chosen.extend(std::iter::repeat_n(instance, wanted.attempts));
        }
        Ok(chosen)
    }

    fn seats(&self, count: usize) -> Result<OwnedSemaphorePermit, EpisodeError> {
        let full = || EpisodeError::Full {
            asked: count,
            open: self.count(),
            most: self.bounds.episodes,
        };
        let many = u32::try_from(count).map_err(|_| full())?;
        let seats = self.seats.clone().try_acquire_many_owned(many);
        seats.map_err(|_| full())
    }

    async fn begin(
        &self,
        id: String,
        instance: Arc<Instance>,
        terms: Terms,
        seat: OwnedSemaphorePermit,
    ) -> Result<Opening, StageError> {
        let turn = self.turn().await;
        let workplace = self.machine.workplace();
        let place = workplace.place(&self.machine, &instance, terms.hide_tests);
        let place = place.await?;
        drop(turn);
        let rules = Rules {
            interface: self.interface(terms.dialect),
            limits: terms.limits,
            // The conversation is the trainer's: nothing of it is left out behind its back.
            context: ContextOptions::default(),
        };
        let task = Task {
            instance_id: instance.id.clone(),
            problem_statement: instance.problem_statement.clone(),
        };
        let failed = |error: swemill_agent::AttemptError| StageError::infra(error.to_string());
        let mut attempt = Attempt::begin(rules, task, place).map_err(failed)?;
        attempt.ready().await.map_err(failed)?;
        let query = attempt.query().map_err(failed)?;
        let opening = Opening {
            episode_id: id.clone(),
            instance_id: instance.id.clone(),
            messages: query.messages.to_vec(),
            tools: query.tools.to_vec(),
        };
        let episode = Arc::new(Episode::new(id.clone(), instance, attempt, seat));
        self.open().insert(id, episode);
        Ok(opening)
    }
}
