//! The steps of attempts: written one by one, each before an action of the next is carried out.

use sqlx::PgExecutor;

use super::packed::{pack, unpack};
use crate::error::{Error, Result};
use crate::jobs::Lease;
use crate::text::storable;

/// Characters of a step that can be searched for.
const SEARCHED: usize = 20_000;

/// A completed step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewStep {
    /// Its number, from 0.
    pub index: usize,
    /// All of it, as JSON.
    pub content: Vec<u8>,
    /// What it can be found by: thoughts, actions, the beginnings of observations.
    pub text: String,
    /// Tokens of the conversation, cached ones included.
    pub prompt_tokens: u64,
    /// Tokens of the answer.
    pub completion_tokens: u64,
    /// Tokens of the conversation that were in a cache.
    pub cached_tokens: u64,
    /// US dollars.
    pub cost: f64,
    /// Seconds of the model.
    pub lm_seconds: f64,
    /// Seconds of commands.
    pub execution_seconds: f64,
    /// Whether the answer was not understood.
    pub malformed: bool,
}

/// Stores a step, if the lease on the rollout's job is still this worker's; [`Error::LeaseLost`] otherwise. From then on
/// it is never lost. Storing it again, when it is not known whether that worked, changes nothing.
///
/// A job that gets on is no hopeless one: with a new step its attempts are counted from this one again. Not after the
/// rollout had to begin anew, so that one that never repeats itself comes to an end.
pub async fn add(
    executor: impl PgExecutor<'_>,
    rollout_id: i64,
    step: &NewStep,
    lease: &Lease,
) -> Result<()> {
    let text: String = step.text.chars().take(SEARCHED).collect();
    // The share lock waits for whoever is taking the job away, and sees it then.
    let held = sqlx::query_scalar!(
        r#"WITH held AS (
               SELECT id FROM jobs
               WHERE id = $2 AND fence = $3 AND state = 'running' AND lease_expires_at > clock_timestamp()
               FOR SHARE
           ), added AS (
               INSERT INTO rollout_steps (rollout_id, index, content, prompt_tokens, completion_tokens, cached_tokens,
                                          cost, lm_seconds, execution_seconds, malformed, words)
               SELECT $1, $4, $5, $6, $7, $8, $9, $10, $11, $12, to_tsvector('simple', $13) FROM held
               ON CONFLICT (rollout_id, index) DO NOTHING
               RETURNING rollout_id
           ), got_on AS (
               UPDATE jobs SET attempts = 1
               FROM added JOIN rollouts ON rollouts.id = added.rollout_id
               WHERE jobs.id = $2 AND attempts > 1 AND restarts = 0
           )
           SELECT count(*) AS "count!" FROM held"#,
        rollout_id,
        lease.job,
        lease.fence,
        i32::try_from(step.index).unwrap_or(i32::MAX),
        pack(&step.content),
        count(step.prompt_tokens),
        count(step.completion_tokens),
        count(step.cached_tokens),
        step.cost,
        step.lm_seconds,
        step.execution_seconds,
        step.malformed,
        &storable(&text),
    )
    .fetch_one(executor)
    .await?;
    if held == 1 {
        Ok(())
    } else {
        Err(Error::LeaseLost { job: lease.job })
    }
}

/// The steps of a rollout as JSON, in order.
pub async fn of(executor: impl PgExecutor<'_>, rollout_id: i64) -> Result<Vec<Vec<u8>>> {
    let packed = sqlx::query_scalar!(
        "SELECT content FROM rollout_steps WHERE rollout_id = $1 ORDER BY index",
        rollout_id
    )
    .fetch_all(executor)
    .await?;
    packed
        .iter()
        .map(|content| unpacked(content, rollout_id))
        .collect()
}

/// How many steps a rollout has.
pub async fn count_of(executor: impl PgExecutor<'_>, rollout_id: i64) -> Result<i64> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM rollout_steps WHERE rollout_id = $1"#,
        rollout_id
    )
    .fetch_one(executor)
    .await?;
    Ok(count)
}

pub(super) fn unpacked(content: &[u8], rollout_id: i64) -> Result<Vec<u8>> {
    unpack(content).map_err(|source| Error::Document {
        what: format!("trajectory of rollout {rollout_id}"),
        source: serde_json::Error::io(source),
    })
}

fn count(tokens: u64) -> i64 {
    i64::try_from(tokens).unwrap_or(i64::MAX)
}
