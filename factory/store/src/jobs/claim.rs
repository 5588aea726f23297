//! Taking jobs and keeping them.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;
use sqlx::{PgExecutor, PgPool};

use crate::error::{Error, Result};

/// The right to do one attempt of a job. It ends when it is not renewed in time; the fence says which claim
/// it came from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lease {
    /// The job.
    pub job: i64,
    /// Counts the claims of this job; any later claim has a higher one.
    pub fence: i64,
    /// The attempt's number, from 1, when it was claimed.
    pub attempt: i32,
}

/// A claimed job.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// The right to do it.
    pub lease: Lease,
    /// Which stage does it.
    pub kind: String,
    /// What it is about.
    pub key: String,
    /// What the stage needs to know.
    pub payload: Value,
    /// How often it may be tried in all; a rollout's job, how often in turn without a new step.
    pub max_attempts: i32,
}

impl Job {
    /// The payload as the stage's own type.
    pub fn payload<T: DeserializeOwned>(&self) -> Result<T> {
        T::deserialize(&self.payload).map_err(|source| Error::Document {
            what: format!("payload of {} job {}", self.kind, self.lease.job),
            source,
        })
    }
}

/// What a worker asks for.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// The kinds that it can do.
    pub kinds: &'a [&'a str],
    /// How many jobs at most.
    pub limit: u32,
    /// Its name: machine and process, for people to read.
    pub owner: &'a str,
    /// How long it may be silent before the jobs are taken from it.
    pub lease: Duration,
}

/// Claims up to `limit` jobs that are due: the highest priority first, then the oldest. No two workers get the
/// same job. Jobs whose lease ran out are due again.
pub async fn claim(pool: &PgPool, wanted: Claim<'_>) -> Result<Vec<Job>> {
    let mut jobs = claim_queued(pool, wanted, wanted.limit).await?;
    let missing = wanted
        .limit
        .saturating_sub(u32::try_from(jobs.len()).unwrap_or(u32::MAX));
    if missing > 0 && reclaim_expired(pool).await? > 0 {
        jobs.extend(claim_queued(pool, wanted, missing).await?);
    }
    Ok(jobs)
}

async fn claim_queued(pool: &PgPool, wanted: Claim<'_>, limit: u32) -> Result<Vec<Job>> {
    let kinds: Vec<String> = wanted.kinds.iter().map(|&kind| kind.to_owned()).collect();
    let rows = sqlx::query!(
        r#"WITH due AS (
               SELECT id FROM jobs
               WHERE state = 'queued' AND run_at <= now() AND kind = ANY ($1)
               ORDER BY priority DESC, id LIMIT $2
               FOR UPDATE SKIP LOCKED
           ), claimed AS (
               UPDATE jobs
               SET state = 'running', attempts = attempts + 1, fence = fence + 1,
                   lease_owner = $3, lease_expires_at = clock_timestamp() + $4 * interval '1 second'
               FROM due WHERE jobs.id = due.id
               RETURNING jobs.id, kind, key, payload, fence, attempts, max_attempts, priority
           )
           SELECT id, kind, key, payload, fence, attempts, max_attempts FROM claimed ORDER BY priority DESC, id"#,
        &kinds,
        i64::from(limit),
        wanted.owner,
        wanted.lease.as_secs_f64(),
    )
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Job {
            lease: Lease {
                job: row.id,
                fence: row.fence,
                attempt: row.attempts,
            },
            kind: row.kind,
            key: row.key,
            payload: row.payload,
            max_attempts: row.max_attempts,
        })
        .collect())
}

/// Renews leases from now on; returns those that are lost: the worker should stop what it does for them.
pub async fn heartbeat(
    executor: impl PgExecutor<'_>,
    leases: &[Lease],
    lease: Duration,
) -> Result<Vec<Lease>> {
    let jobs: Vec<i64> = leases.iter().map(|lease| lease.job).collect();
    let fences: Vec<i64> = leases.iter().map(|lease| lease.fence).collect();
    let renewed = sqlx::query_scalar!(
        r#"UPDATE jobs SET lease_expires_at = clock_timestamp() + $3 * interval '1 second'
           FROM unnest($1::bigint[], $2::bigint[]) AS held (id, fence)
           WHERE jobs.id = held.id AND jobs.fence = held.fence AND state = 'running'
             AND lease_expires_at > clock_timestamp()
           RETURNING jobs.id"#,
        &jobs,
        &fences,
        lease.as_secs_f64(),
    )
    .fetch_all(executor)
    .await?;
    Ok(leases
        .iter()
        .filter(|lease| !renewed.contains(&lease.job))
        .cloned()
        .collect())
}

/// Puts jobs whose lease ran out back into the queue, or among the dead if that was their last attempt; returns
/// how many. [`claim`] does this when it finds too little to do; a worker that is never idle should do it with
/// its heartbeats, so that lost jobs of a high priority come back soon.
pub async fn reclaim_expired(executor: impl PgExecutor<'_>) -> Result<u64> {
    let reclaimed = sqlx::query!(
        r#"WITH expired AS (
               SELECT id FROM jobs WHERE state = 'running' AND lease_expires_at <= clock_timestamp()
               FOR UPDATE SKIP LOCKED
           ), reclaimed AS (
               UPDATE jobs SET
                   state = CASE WHEN attempts < max_attempts THEN 'queued' ELSE 'dead' END::job_state,
                   finished_at = CASE WHEN attempts < max_attempts THEN NULL ELSE clock_timestamp() END,
                   run_at = now(),
                   failure_class = 'infra',
                   last_error = format('worker %s went silent during attempt %s of %s',
                                       lease_owner, attempts, max_attempts),
                   lease_owner = NULL, lease_expires_at = NULL
               FROM expired WHERE jobs.id = expired.id
               RETURNING kind, state
           )
           SELECT count(*) AS "count!",
                  count(pg_notify('swemill_jobs', kind)) FILTER (WHERE state = 'queued') AS notified
           FROM reclaimed"#
    )
    .fetch_one(executor)
    .await?;
    Ok(reclaimed.count.unsigned_abs())
}
