//! Who decides in an attempt: made of what the campaign says, shared by the attempts of a process where that can be.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::TryStreamExt as _;
use swemill_agent::lm::openai::{Key, OpenAi, OpenAiOptions, Prices};
use swemill_agent::lm::{Lm, LmError, Replay};
use swemill_store::instances::Instance;
use swemill_store::rollouts::{Rollout, RolloutFilter, RolloutPolicy, read};
use tokio::sync::{Mutex, OnceCell};

use super::engine::{self, EngineLm};
use super::{Known, gold, trajectories};
use crate::failure::StageError;
use crate::machine::Machine;

/// Requests to one server at one time.
const CONCURRENCY: usize = 512;

/// Clients of servers by campaign, and models that run in this process by name.
#[derive(Debug, Default)]
pub(super) struct Policies {
    servers: Mutex<HashMap<i64, OpenAi>>,
    engines: Mutex<HashMap<String, Arc<OnceCell<EngineLm>>>>,
}

impl Policies {
    /// What decides in an attempt.
    pub(super) async fn of(
        &self,
        machine: &Machine,
        known: &Known,
        instance: &Instance,
        rollout: &Rollout,
    ) -> Result<Arc<dyn Lm>, StageError> {
        let options = &known.campaign.options;
        match known.campaign.policy {
            RolloutPolicy::Expert => {
                let hidden = options.hide_tests;
                let expert = gold::expert(machine, instance, &known.interface, hidden).await?;
                Ok(Arc::new(expert))
            }
            RolloutPolicy::Replay => {
                let recorded = options.replayed.unwrap_or_default();
                Ok(Arc::new(replay(machine, recorded, rollout).await?))
            }
            RolloutPolicy::Model if options.endpoint.is_some() => {
                let server = self.server(known, rollout.campaign_id).await?;
                Ok(Arc::new(server.with_seed(rollout.seed.unsigned_abs())))
            }
            RolloutPolicy::Model => {
                let engine = self.engine(machine, &known.campaign.model).await?;
                let temperature = options.temperature.unwrap_or_default();
                Ok(Arc::new(engine.sampling(temperature, rollout.seed)))
            }
        }
    }

    async fn server(&self, known: &Known, campaign_id: i64) -> Result<OpenAi, StageError> {
        let mut servers = self.servers.lock().await;
        if let Some(server) = servers.get(&campaign_id) {
            return Ok(server.clone());
        }
        let options = &known.campaign.options;
        let url = options.endpoint.clone().unwrap_or_default();
        let key = options.key_variable.as_ref();
        let key = key.and_then(|name| std::env::var(name).ok());
        let [prompt, cached, completion] = options.prices;
        let server = OpenAi::new(OpenAiOptions {
            key: key.filter(|key| !key.is_empty()).map(Key),
            temperature: options.temperature,
            concurrency: CONCURRENCY,
            prices: Prices {
                prompt,
                cached,
                completion,
            },
            ..OpenAiOptions::new(url, &known.campaign.model)
        });
        let server = server.map_err(|error| failed(&error))?;
        servers.insert(campaign_id, server.clone());
        Ok(server)
    }

    async fn engine(&self, machine: &Machine, model: &str) -> Result<EngineLm, StageError> {
        let mut engines = self.engines.lock().await;
        let cell = engines.entry(model.to_owned()).or_default().clone();
        drop(engines);
        let open = || engine::open(&machine.settings, model.to_owned());
        Ok(cell.get_or_try_init(open).await?.clone())
    }
}

/// The class and the chances of a failure of a model.
pub(super) fn failed(error: &LmError) -> StageError {
    StageError {
        retry: error.is_passing(),
        ..StageError::infra(error.to_string())
    }
}

/// The recording of the attempt at the same instance with the same number; where there are fewer, they come again.
async fn replay(
    machine: &Machine,
    campaign_id: i64,
    rollout: &Rollout,
) -> Result<Replay, StageError> {
    let filter = RolloutFilter {
        campaign_id: Some(campaign_id),
        instance_ids: Some(vec![rollout.instance_id.clone()]),
        ..RolloutFilter::default()
    };
    let found = read::stream(machine.pool(), filter.with_trajectory());
    let found: Vec<Rollout> = found.try_collect().await?;
    let number = usize::try_from(rollout.attempt - 1).unwrap_or_default();
    let Some(chosen) = number
        .checked_rem(found.len())
        .and_then(|place| found.get(place))
    else {
        return Err(StageError {
            retry: false,
            ..StageError::infra(format!(
                "campaign {campaign_id} has no finished attempt at {} to replay",
                rollout.instance_id
            ))
        });
    };
    let trajectory = trajectories::get(machine.pool(), chosen.id).await;
    let trajectory = trajectory.map_err(|error| StageError::infra(error.to_string()))?;
    let trajectory = trajectory.ok_or_else(|| {
        StageError::infra(format!("the trajectory of rollout {} vanished", chosen.id))
    })?;
    Ok(Replay::of(&trajectory))
}
