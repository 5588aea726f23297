//! The job of a grade: the hidden tests judge a rollout's patch, in a fresh sandbox.

use serde_json::Value;
use sqlx::PgConnection;
use swemill_store::jobs::Job;
use swemill_store::rollouts::{RolloutOutcome, finish};
use swemill_store::{Failure, FailureClass};

use super::attempt::{instance, rollout};
use super::queue::OfRollout;
use crate::events::Event;
use crate::failure::StageError;
use crate::grading::Grader;
use crate::grading::grade::Outcome;
use crate::machine::Machine;
use crate::stages::Done;

/// A rollout's grade.
#[derive(Debug)]
pub struct Graded {
    rollout_id: i64,
    outcome: RolloutOutcome,
    grade: Value,
}

/// Grades a rollout by the same code as `swemill grade`.
pub(crate) async fn run(machine: &Machine, job: &Job) -> Result<Done, StageError> {
    let OfRollout { rollout_id } = job.payload()?;
    let rollout = rollout(machine, rollout_id).await?;
    let instance = instance(machine, &rollout).await?;
    let grader = Grader::new(machine, true);
    let grade = grader.grade(&instance, rollout.patch.as_deref()).await;
    let outcome = match grade.outcome {
        Outcome::Resolved => RolloutOutcome::Resolved,
        Outcome::Unresolved => RolloutOutcome::Unresolved,
        Outcome::Empty => RolloutOutcome::Empty,
        Outcome::NotApplied => RolloutOutcome::NotApplied,
        Outcome::Tampered => RolloutOutcome::Tampered,
        Outcome::Failed => {
            let class = grade.class.unwrap_or(FailureClass::Grader);
            let reason = grade.reason.unwrap_or_else(|| "no reason given".to_owned());
            return Err(StageError {
                failure: Failure::new(class, reason),
                retry: class == FailureClass::Infra,
            });
        }
    };
    Ok(Done::Graded(Box::new(Graded {
        rollout_id,
        outcome,
        grade: serde_json::json!(grade),
    })))
}

impl Graded {
    pub(crate) async fn commit(&self, transaction: &mut PgConnection) -> swemill_store::Result<()> {
        finish::graded(transaction, self.rollout_id, self.outcome, &self.grade).await?;
        Ok(())
    }

    pub(crate) fn event(&self) -> Event {
        Event::Graded {
            outcome: self.outcome.as_str(),
        }
    }
}
