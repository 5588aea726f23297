//! Looking at the queue.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::PgExecutor;

use crate::error::Result;
use crate::failure::FailureClass;

/// How far a job has come.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "job_state", rename_all = "snake_case")]
pub enum JobState {
    /// It waits for a worker, or for its time.
    Queued,
    /// A worker holds a lease on it.
    Running,
    /// Its result is stored.
    Done,
    /// It failed for good; the reason stands beside it.
    Dead,
}

/// How many jobs of a kind are in a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobCount {
    /// The kind.
    pub kind: String,
    /// The state.
    pub state: JobState,
    /// How many.
    pub count: i64,
}

/// A holder of leases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worker {
    /// Its name.
    pub owner: String,
    /// How many jobs it holds.
    pub jobs: i64,
    /// When the first of its leases runs out.
    pub lease_expires_at: DateTime<Utc>,
    /// Whether that has happened.
    pub expired: bool,
}

/// A job that failed for good.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeadJob {
    /// Its id, for [`retry_dead`](super::retry_dead).
    pub id: i64,
    /// Which stage did it.
    pub kind: String,
    /// What it is about.
    pub key: String,
    /// What the stage was told.
    pub payload: Value,
    /// How often it was tried.
    pub attempts: i32,
    /// Whose fault it was.
    pub failure_class: FailureClass,
    /// The reason of the last failure.
    pub last_error: String,
    /// When it died.
    pub finished_at: DateTime<Utc>,
}

/// Jobs by kind and state.
pub async fn counts(executor: impl PgExecutor<'_>) -> Result<Vec<JobCount>> {
    let found = sqlx::query_as!(
        JobCount,
        r#"SELECT kind, state AS "state: JobState", count(*) AS "count!"
           FROM jobs GROUP BY kind, state ORDER BY kind COLLATE "C", state"#
    )
    .fetch_all(executor)
    .await?;
    Ok(found)
}

/// How many jobs of these kinds are queued or running: when there are none, a worker that runs until it is idle
/// is done.
pub async fn unfinished(executor: impl PgExecutor<'_>, kinds: &[&str]) -> Result<i64> {
    let kinds: Vec<String> = kinds.iter().map(|&kind| kind.to_owned()).collect();
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM jobs WHERE state IN ('queued', 'running') AND kind = ANY ($1)"#,
        &kinds
    )
    .fetch_one(executor)
    .await?;
    Ok(count)
}

/// Who holds leases, by name.
pub async fn workers(executor: impl PgExecutor<'_>) -> Result<Vec<Worker>> {
    let found = sqlx::query_as!(
        Worker,
        r#"SELECT lease_owner AS "owner!", count(*) AS "jobs!", min(lease_expires_at) AS "lease_expires_at!",
                  min(lease_expires_at) <= now() AS "expired!"
           FROM jobs WHERE state = 'running' GROUP BY lease_owner ORDER BY lease_owner COLLATE "C""#
    )
    .fetch_all(executor)
    .await?;
    Ok(found)
}

/// The jobs that failed for good, the oldest first.
pub async fn dead(executor: impl PgExecutor<'_>) -> Result<Vec<DeadJob>> {
    let found = sqlx::query_as!(
        DeadJob,
        r#"SELECT id, kind, key, payload, attempts, failure_class AS "failure_class!: FailureClass",
                  last_error AS "last_error!", finished_at AS "finished_at!"
           FROM jobs WHERE state = 'dead' ORDER BY id"#
    )
    .fetch_all(executor)
    .await?;
    Ok(found)
}
