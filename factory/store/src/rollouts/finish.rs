//! Ends: a trajectory, a grade, a failure. To be called in the transaction that completes the job.

use serde_json::Value;
use sqlx::{PgConnection, PgExecutor};

use super::packed::pack;
use super::{Overhead, RolloutOutcome};
use crate::error::Result;
use crate::failure::{Failure, FailureClass};
use crate::text::{storable, storable_json};

/// How an attempt ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attempted {
    /// The agent's exit.
    pub exit: String,
    /// The trajectory without its steps, as JSON.
    pub trajectory: Vec<u8>,
    /// The patch to grade.
    pub patch: String,
    /// What it took beside model and commands.
    pub overhead: Overhead,
}

/// Stores how an attempt ended, with the totals of its steps. Returns false, and changes nothing, if that was stored
/// before.
pub async fn attempted(
    transaction: &mut PgConnection,
    id: i64,
    attempted: &Attempted,
) -> Result<bool> {
    let overhead = attempted.overhead;
    let stored = sqlx::query!(
        r#"UPDATE rollouts
           SET state = 'attempted', exit = $2, trajectory = $3, patch = $4, attempted_at = clock_timestamp(),
               steps = total.steps, prompt_tokens = total.prompt_tokens, completion_tokens = total.completion_tokens,
               cached_tokens = total.cached_tokens, cost = total.cost, lm_seconds = total.lm_seconds,
               execution_seconds = total.execution_seconds,
               waiting_seconds = $5, sealing_seconds = $6, sandbox_seconds = $7, harness_seconds = $8,
               processor_seconds = $9
           FROM (SELECT count(*)::integer AS steps, coalesce(sum(prompt_tokens), 0)::bigint AS prompt_tokens,
                        coalesce(sum(completion_tokens), 0)::bigint AS completion_tokens,
                        coalesce(sum(cached_tokens), 0)::bigint AS cached_tokens, coalesce(sum(cost), 0) AS cost,
                        coalesce(sum(lm_seconds), 0) AS lm_seconds,
                        coalesce(sum(execution_seconds), 0) AS execution_seconds
                 FROM rollout_steps WHERE rollout_id = $1) AS total
           WHERE id = $1 AND state IN ('queued', 'running')"#,
        id,
        attempted.exit,
        pack(&attempted.trajectory),
        &storable(&attempted.patch),
        overhead.waiting_seconds,
        overhead.sealing_seconds,
        overhead.sandbox_seconds,
        overhead.harness_seconds,
        overhead.processor_seconds,
    )
    .execute(transaction)
    .await?;
    Ok(stored.rows_affected() == 1)
}

/// Stores the grade of an attempted rollout. Returns false, and changes nothing, if it is no such rollout: a grade is
/// given once.
pub async fn graded(
    transaction: &mut PgConnection,
    id: i64,
    outcome: RolloutOutcome,
    grade: &Value,
) -> Result<bool> {
    let stored = sqlx::query!(
        r#"UPDATE rollouts SET state = 'graded', outcome = $2, grade = $3, graded_at = clock_timestamp()
           WHERE id = $1 AND state = 'attempted'"#,
        id,
        outcome as RolloutOutcome,
        storable_json(grade),
    )
    .execute(transaction)
    .await?;
    Ok(stored.rows_affected() == 1)
}

/// Notes that the machinery failed a rollout for good. Does nothing to one that is graded, or that has an unfinished job
/// of this key again: its dead job is an earlier one.
pub async fn failed(
    executor: impl PgExecutor<'_>,
    id: i64,
    key: &str,
    failure: &Failure,
) -> Result<()> {
    sqlx::query!(
        r#"UPDATE rollouts SET state = 'failed', failure_class = $3, failure_reason = $4
           WHERE id = $1 AND state IN ('queued', 'running', 'attempted')
             AND NOT EXISTS (SELECT FROM jobs WHERE key = $2 AND jobs.state IN ('queued', 'running'))"#,
        id,
        key,
        failure.class as FailureClass,
        &storable(&failure.reason),
    )
    .execute(executor)
    .await?;
    Ok(())
}
