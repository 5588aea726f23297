//! Ending an attempt: done, failed, given back; and giving the dead another chance.

use std::time::Duration;

use sqlx::{PgConnection, PgExecutor};

use super::{Lease, backoff};
use crate::error::{Error, Result};
use crate::failure::{Failure, FailureClass};
use crate::text::storable;

/// Marks a job as done, in the transaction that holds its result: both are committed or neither.
///
/// Fails with [`Error::LeaseLost`] if the lease is no longer this worker's; drop the transaction then. Call it
/// last or first, as you like: from here to the commit nobody else can take the job.
pub async fn complete(transaction: &mut PgConnection, lease: &Lease) -> Result<()> {
    let done = sqlx::query!(
        r#"UPDATE jobs SET state = 'done', finished_at = clock_timestamp(),
                  lease_owner = NULL, lease_expires_at = NULL
           WHERE id = $1 AND fence = $2 AND state = 'running' AND lease_expires_at > clock_timestamp()"#,
        lease.job,
        lease.fence,
    )
    .execute(transaction)
    .await?;
    held(lease, done.rows_affected())
}

/// What shall become of a job that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is tried again after a while, unless that was its last attempt.
    Retry,
    /// Trying again is of no use.
    Dead,
}

/// What became of a job that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// It is tried again after this time.
    RetryIn(Duration),
    /// It is dead: it stays in the list of the dead until someone retries it.
    Dead,
}

/// Records that an attempt failed, and why. May be part of a transaction with whatever follows from the failure;
/// fails with [`Error::LeaseLost`] like [`complete`].
pub async fn fail(
    connection: &mut PgConnection,
    lease: &Lease,
    failure: &Failure,
    next: Next,
) -> Result<Failed> {
    let wait = backoff(lease.job, lease.attempt);
    let state = sqlx::query_scalar!(
        r#"UPDATE jobs SET
               state = CASE WHEN $3 AND attempts < max_attempts THEN 'queued' ELSE 'dead' END::job_state,
               run_at = clock_timestamp() + $4 * interval '1 second',
               finished_at = CASE WHEN $3 AND attempts < max_attempts THEN NULL ELSE clock_timestamp() END,
               failure_class = $5, last_error = $6, lease_owner = NULL, lease_expires_at = NULL
           WHERE id = $1 AND fence = $2 AND state = 'running' AND lease_expires_at > clock_timestamp()
           RETURNING state = 'dead' AS "dead!""#,
        lease.job,
        lease.fence,
        next == Next::Retry,
        wait.as_secs_f64(),
        failure.class as FailureClass,
        &storable(&failure.reason),
    )
    .fetch_optional(connection)
    .await?;
    match state {
        Some(true) => Ok(Failed::Dead),
        Some(false) => Ok(Failed::RetryIn(wait)),
        None => Err(Error::LeaseLost { job: lease.job }),
    }
}

/// Gives jobs back untouched, at a shutdown: the attempt does not count and they are due at once. Leases that
/// are lost already are passed over. Returns how many were given back.
pub async fn release(executor: impl PgExecutor<'_>, leases: &[Lease]) -> Result<u64> {
    let jobs: Vec<i64> = leases.iter().map(|lease| lease.job).collect();
    let fences: Vec<i64> = leases.iter().map(|lease| lease.fence).collect();
    let released = sqlx::query!(
        r#"WITH released AS (
               UPDATE jobs SET state = 'queued', attempts = attempts - 1, run_at = now(),
                      lease_owner = NULL, lease_expires_at = NULL
               FROM unnest($1::bigint[], $2::bigint[]) AS held (id, fence)
               WHERE jobs.id = held.id AND jobs.fence = held.fence AND state = 'running'
               RETURNING kind
           )
           SELECT count(*) AS "count!", count(pg_notify('swemill_jobs', kind)) AS notified FROM released"#,
        &jobs,
        &fences,
    )
    .fetch_one(executor)
    .await?;
    Ok(released.count.unsigned_abs())
}

/// Queues dead jobs again, with all their attempts before them: those of these ids, or all. One whose kind and
/// key another unfinished job has by now stays dead. Returns how many are queued.
pub async fn retry_dead(executor: impl PgExecutor<'_>, ids: Option<&[i64]>) -> Result<u64> {
    let retried = sqlx::query!(
        r#"WITH chosen AS (
               SELECT DISTINCT ON (kind, key) id FROM jobs AS dead
               WHERE state = 'dead' AND ($1::bigint[] IS NULL OR id = ANY ($1))
                 AND NOT EXISTS (
                     SELECT FROM jobs AS live
                     WHERE live.kind = dead.kind AND live.key = dead.key AND live.state IN ('queued', 'running'))
               ORDER BY kind, key, id DESC
           ), retried AS (
               UPDATE jobs SET state = 'queued', attempts = 0, run_at = now(), finished_at = NULL
               FROM chosen WHERE jobs.id = chosen.id AND state = 'dead'
               RETURNING kind
           )
           SELECT count(*) AS "count!", count(pg_notify('swemill_jobs', kind)) AS notified FROM retried"#,
        ids,
    )
    .fetch_one(executor)
    .await?;
    Ok(retried.count.unsigned_abs())
}

fn held(lease: &Lease, rows: u64) -> Result<()> {
    if rows == 1 {
        Ok(())
    } else {
        Err(Error::LeaseLost { job: lease.job })
    }
}
