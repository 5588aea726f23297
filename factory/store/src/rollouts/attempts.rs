//! Queueing attempts, and beginning with them.

use sqlx::{PgConnection, PgExecutor};

use crate::error::{Error, Result};
use crate::jobs::{self, Lease, NewJob};
use crate::text::storable;

/// An attempt to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRollout {
    /// The instance.
    pub instance_id: String,
    /// The number of the attempt at it, from 1.
    pub attempt: i32,
    /// The seed of its sampling.
    pub seed: i64,
}

/// What became of attempts that were asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queued {
    /// Attempts that are new.
    pub new: u64,
    /// Attempts that the machinery had failed, and that are tried again.
    pub retried: u64,
}

/// Adds a campaign's attempts with a job each; `job` makes the job of a rollout's number. Those that exist stay as they
/// are, but for failed ones, which are queued again.
pub async fn add(
    connection: &mut PgConnection,
    campaign_id: i64,
    attempts: &[NewRollout],
    job: impl Fn(i64) -> NewJob,
) -> Result<Queued> {
    let mut queued = Queued::default();
    for chunk in attempts.chunks(1000) {
        let instances: Vec<String> = chunk.iter().map(|new| new.instance_id.clone()).collect();
        let numbers: Vec<i32> = chunk.iter().map(|new| new.attempt).collect();
        let seeds: Vec<i64> = chunk.iter().map(|new| new.seed).collect();
        let new = sqlx::query_scalar!(
            r#"INSERT INTO rollouts (campaign_id, candidate_id, attempt, seed)
               SELECT $1, candidate_id, attempt, seed
               FROM unnest($2::text[], $3::integer[], $4::bigint[])
                    WITH ORDINALITY AS given (candidate_id, attempt, seed, place)
               ORDER BY place
               ON CONFLICT ON CONSTRAINT rollouts_are_unique DO NOTHING
               RETURNING id"#,
            campaign_id,
            &instances,
            &numbers,
            &seeds,
        )
        .fetch_all(&mut *connection)
        .await?;
        let retried = sqlx::query_scalar!(
            r#"UPDATE rollouts SET state = 'queued', failure_class = NULL, failure_reason = NULL
               FROM unnest($2::text[], $3::integer[]) AS given (candidate_id, attempt)
               WHERE campaign_id = $1 AND rollouts.candidate_id = given.candidate_id
                 AND rollouts.attempt = given.attempt AND state = 'failed'
               RETURNING id"#,
            campaign_id,
            &instances,
            &numbers,
        )
        .fetch_all(&mut *connection)
        .await?;
        queued.new += new.len() as u64;
        queued.retried += retried.len() as u64;
        let wanted: Vec<NewJob> = new.into_iter().chain(retried).map(&job).collect();
        jobs::enqueue_many(connection, &wanted).await?;
    }
    Ok(queued)
}

/// Notes that an agent begins with a rollout, or goes on with it.
pub async fn begin(executor: impl PgExecutor<'_>, id: i64, lease: &Lease) -> Result<()> {
    let begun = sqlx::query!(
        r#"UPDATE rollouts
           SET state = 'running', started_at = coalesce(started_at, clock_timestamp()),
               resumes = resumes + (started_at IS NOT NULL)::integer
           WHERE id = $1 AND state IN ('queued', 'running')
             AND EXISTS (SELECT FROM jobs WHERE jobs.id = $2 AND fence = $3 AND jobs.state = 'running'
                                            AND lease_expires_at > clock_timestamp() FOR SHARE)"#,
        id,
        lease.job,
        lease.fence,
    )
    .execute(executor)
    .await?;
    held(lease, begun.rows_affected())
}

/// Forgets the steps of a rollout that has to begin anew, and notes why it has to.
pub async fn restart(
    transaction: &mut PgConnection,
    id: i64,
    reason: &str,
    lease: &Lease,
) -> Result<()> {
    let noted = sqlx::query!(
        r#"UPDATE rollouts SET restarts = restarts + 1, restart_reason = $4
           WHERE id = $1 AND state = 'running'
             AND EXISTS (SELECT FROM jobs WHERE jobs.id = $2 AND fence = $3 AND jobs.state = 'running'
                                            AND lease_expires_at > clock_timestamp() FOR SHARE)"#,
        id,
        lease.job,
        lease.fence,
        &storable(reason),
    )
    .execute(&mut *transaction)
    .await?;
    held(lease, noted.rows_affected())?;
    sqlx::query!("DELETE FROM rollout_steps WHERE rollout_id = $1", id)
        .execute(transaction)
        .await?;
    Ok(())
}

fn held(lease: &Lease, rows: u64) -> Result<()> {
    if rows == 1 {
        Ok(())
    } else {
        Err(Error::LeaseLost { job: lease.job })
    }
}
