//! The job of an attempt: the agent works, and its trajectory is committed with the job that grades it.

use std::sync::Arc;
use std::time::Instant;

use sqlx::PgConnection;
use swemill_agent::{Agent, AttemptError, Place, Task, Trajectory};
use swemill_store::instances::{self, Instance};
use swemill_store::jobs::{self, Job};
use swemill_store::rollouts::{Overhead, Rollout, attempts, finish, read};

use super::clock::{Clock, Processor, Timed};
use super::places::PlaceOnDemand;
use super::policy;
use super::queue::{OfRollout, grade_job};
use super::record::{Billed, Record};
use crate::events::Event;
use crate::failure::StageError;
use crate::machine::Machine;
use crate::stages::Done;

/// How often an attempt begins anew before its job fails.
const RESTARTS: usize = 3;

/// An attempt that ended, with its trajectory.
#[derive(Debug)]
pub struct Attempted {
    rollout_id: i64,
    instance_id: String,
    ended: finish::Attempted,
    steps: usize,
}

/// Lets an agent work on a rollout, from where an earlier worker left it.
pub(crate) async fn run(machine: &Machine, job: &Job) -> Result<Done, StageError> {
    let begun = Instant::now();
    let OfRollout { rollout_id } = job.payload()?;
    let rollout = rollout(machine, rollout_id).await?;
    let instance = instance(machine, &rollout).await?;
    let workplace = machine.workplace();
    let known = workplace
        .campaign(machine.pool(), rollout.campaign_id)
        .await?;
    let lm = workplace
        .policies
        .of(machine, &known, &instance, &rollout)
        .await?;
    let clock = Arc::new(Clock::default());
    let agent = Agent {
        lm: Arc::new(Timed {
            lm,
            clock: clock.clone(),
        }),
        interface: known.interface.clone(),
        limits: known.campaign.limits(),
        context: known.campaign.context(),
    };
    attempts::begin(machine.pool(), rollout_id, &job.lease).await?;
    let hide_tests = known.campaign.options.hide_tests;
    let place = PlaceOnDemand::new(machine, &instance, hide_tests, clock.clone());
    let mut record = Record {
        machine,
        rollout_id,
        lease: &job.lease,
        billed: Billed::default(),
    };
    let work = work(&agent, &instance, &place, &mut record);
    let (trajectory, processor) = Processor::over(work).await;
    let trajectory = match trajectory {
        Ok(trajectory) => trajectory,
        Err(error) => return Err(place.failure().unwrap_or(error)),
    };
    let overhead = clock.overhead(begun.elapsed(), processor, record.billed);
    let steps = trajectory.steps.len();
    Ok(Done::Attempted(Box::new(Attempted {
        rollout_id,
        instance_id: instance.id,
        ended: ended(trajectory, overhead)?,
        steps,
    })))
}

/// One attempt, begun anew where what was recorded does not repeat.
async fn work(
    agent: &Agent,
    instance: &Instance,
    place: &dyn Place,
    record: &mut Record<'_>,
) -> Result<Trajectory, StageError> {
    let Record {
        machine,
        rollout_id,
        lease,
        ..
    } = *record;
    let task = Task {
        instance_id: instance.id.clone(),
        problem_statement: instance.problem_statement.clone(),
    };
    let mut restarts = 0;
    loop {
        match agent.attempt(&task, place, record).await {
            Ok(trajectory) => return Ok(trajectory),
            Err(error @ AttemptError::Diverged { .. }) if restarts < RESTARTS => {
                restarts += 1;
                record.billed = Billed::default();
                let mut transaction = machine.store().begin().await?;
                let reason = error.to_string();
                attempts::restart(&mut transaction, rollout_id, &reason, lease).await?;
                transaction
                    .commit()
                    .await
                    .map_err(swemill_store::Error::from)?;
                machine.tell(Event::Stage {
                    what: format!("rollout {rollout_id}"),
                    line: format!("begins anew: {reason}"),
                });
            }
            Err(error) => return Err(failed(&error)),
        }
    }
}

/// The class of a failed attempt, and whether trying again can help.
fn failed(error: &AttemptError) -> StageError {
    match error {
        AttemptError::Lm(error) => policy::failed(error),
        AttemptError::Template(_) => StageError {
            retry: false,
            ..StageError::infra(error.to_string())
        },
        error => StageError::infra(error.to_string()),
    }
}

/// A trajectory as the store keeps it: its steps are there already.
fn ended(mut trajectory: Trajectory, overhead: Overhead) -> Result<finish::Attempted, StageError> {
    let patch = trajectory.model_patch();
    trajectory.steps.clear();
    let exit = serde_json::json!(trajectory.exit);
    let json = serde_json::to_vec(&trajectory);
    Ok(finish::Attempted {
        exit: exit.as_str().unwrap_or_default().to_owned(),
        trajectory: json.map_err(|error| StageError::infra(error.to_string()))?,
        patch,
        overhead,
    })
}

impl Attempted {
    pub(crate) async fn commit(&self, transaction: &mut PgConnection) -> swemill_store::Result<()> {
        if finish::attempted(transaction, self.rollout_id, &self.ended).await? {
            jobs::enqueue(transaction, &grade_job(self.rollout_id)).await?;
        }
        Ok(())
    }

    pub(crate) fn event(&self) -> Event {
        Event::Attempted {
            instance_id: self.instance_id.clone(),
            exit: self.ended.exit.clone(),
            steps: self.steps,
        }
    }
}

pub(super) async fn rollout(machine: &Machine, id: i64) -> Result<Rollout, StageError> {
    let found = read::get(machine.pool(), id).await?;
    found.ok_or_else(|| StageError::infra(format!("rollout {id} is not in the store")))
}

pub(super) async fn instance(machine: &Machine, rollout: &Rollout) -> Result<Instance, StageError> {
    let found = instances::get(machine.pool(), &rollout.instance_id).await?;
    found.ok_or_else(|| {
        StageError::infra(format!(
            "instance {} is not in the store",
            rollout.instance_id
        ))
    })
}
