//! Status: counts of everything, by what became of it. Nothing is left out of the counts.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;

use crate::candidates::CandidateOutcome;
use crate::environments::EnvironmentState;
use crate::error::Result;
use crate::failure::FailureClass;
use crate::jobs::{self, JobCount, Worker};
use crate::rollouts::summary::{self, CampaignCount};
use crate::sources::SourceState;

/// All that `swemill status` shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// When this was so, by the database's clock.
    pub at: DateTime<Utc>,
    /// How many repositories there are.
    pub repositories: i64,
    /// Sources by state.
    pub sources: Vec<SourceCount>,
    /// Environments by state.
    pub environments: Vec<EnvironmentCount>,
    /// Candidates by strategy and outcome.
    pub candidates: Vec<CandidateCount>,
    /// How many instances there are.
    pub instances: i64,
    /// How candidates were decided, by way, and what it cost.
    pub validation: Vec<WayCount>,
    /// Candidates decided within the last minute.
    pub decided_last_minute: i64,
    /// Attempts of agents by campaign, and how far they have come.
    pub campaigns: Vec<CampaignCount>,
    /// Jobs by kind and state.
    pub jobs: Vec<JobCount>,
    /// Who holds leases.
    pub workers: Vec<Worker>,
    /// Failures of sources, environments, candidates, rollouts and dead jobs, by class.
    pub failures: Vec<FailureCount>,
}

/// How many sources are in a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceCount {
    /// The state.
    pub state: SourceState,
    /// How many.
    pub count: i64,
}

/// How many environments are in a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentCount {
    /// The state.
    pub state: EnvironmentState,
    /// How many.
    pub count: i64,
}

/// How many candidates of a strategy came to an outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CandidateCount {
    /// The strategy.
    pub strategy: String,
    /// The outcome; none for those undecided.
    pub outcome: Option<CandidateOutcome>,
    /// How many.
    pub count: i64,
}

/// How many candidates were decided in one way, and what it cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WayCount {
    /// The way: `unreached`, `reached`, `whole`, `fresh`.
    pub way: String,
    /// How many.
    pub count: i64,
    /// Tests that were run for them.
    pub tests: i64,
    /// Tests that a run of the whole suite for each would have had.
    pub suite_tests: i64,
    /// Processor seconds of their runs.
    pub cpu_seconds: f64,
    /// What of that the tests themselves took.
    pub test_seconds: f64,
}

/// How many things failed, by what they are and whose fault it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureCount {
    /// `source`, `environment`, `candidate`, `rollout` or `job`.
    pub what: String,
    /// Whose fault it was.
    pub class: FailureClass,
    /// How many.
    pub count: i64,
}

/// Counts everything.
pub async fn read(pool: &PgPool) -> Result<Status> {
    // One snapshot, so that the counts agree with each other.
    let mut snapshot = pool.begin().await?;
    sqlx::query!("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        .execute(&mut *snapshot)
        .await?;
    let totals = sqlx::query!(
        r#"SELECT now() AS "at!",
                  (SELECT count(*) FROM repositories) AS "repositories!",
                  (SELECT count(*) FROM instances) AS "instances!",
                  (SELECT count(*) FROM candidates WHERE decided_at > now() - interval '1 minute')
                      AS "decided_last_minute!""#
    )
    .fetch_one(&mut *snapshot)
    .await?;
    let sources = sqlx::query_as!(
        SourceCount,
        r#"SELECT state AS "state: SourceState", count(*) AS "count!" FROM sources GROUP BY state ORDER BY state"#
    )
    .fetch_all(&mut *snapshot)
    .await?;
    let environments = sqlx::query_as!(
        EnvironmentCount,
        r#"SELECT state AS "state: EnvironmentState", count(*) AS "count!"
           FROM environments GROUP BY state ORDER BY state"#
    )
    .fetch_all(&mut *snapshot)
    .await?;
    let candidates = sqlx::query_as!(
        CandidateCount,
        r#"SELECT strategy, outcome AS "outcome: CandidateOutcome", count(*) AS "count!"
           FROM candidates GROUP BY strategy, outcome ORDER BY strategy COLLATE "C", outcome NULLS LAST"#
    )
    .fetch_all(&mut *snapshot)
    .await?;
    let failures = sqlx::query_as!(
        FailureCount,
        r#"SELECT what AS "what!", failure_class AS "class!: FailureClass", count(*) AS "count!"
           FROM (SELECT 'source' AS what, failure_class FROM sources
                 UNION ALL SELECT 'environment', failure_class FROM environments
                 UNION ALL SELECT 'candidate', failure_class FROM candidates
                 UNION ALL SELECT 'rollout', failure_class FROM rollouts
                 UNION ALL SELECT 'job', failure_class FROM jobs WHERE state = 'dead') AS failed
           WHERE failure_class IS NOT NULL
           GROUP BY what, failure_class ORDER BY failure_class, what"#
    )
    .fetch_all(&mut *snapshot)
    .await?;
    let validation = sqlx::query_as!(
        WayCount,
        r#"SELECT candidates.evidence->>'way' AS "way!", count(*) AS "count!",
                  sum((candidates.evidence->>'tests')::bigint)::bigint AS "tests!",
                  sum(suites.tests)::bigint AS "suite_tests!",
                  sum((candidates.evidence->>'cpu_seconds')::double precision) AS "cpu_seconds!",
                  sum((candidates.evidence->>'test_seconds')::double precision) AS "test_seconds!"
           FROM candidates JOIN (SELECT environment_id, count(*) AS tests FROM tests GROUP BY environment_id) AS suites
                    USING (environment_id)
           WHERE candidates.evidence->>'way' IS NOT NULL GROUP BY 1 ORDER BY 1"#
    )
    .fetch_all(&mut *snapshot)
    .await?;
    let campaigns = summary::by_state(&mut *snapshot).await?;
    let jobs = jobs::counts(&mut *snapshot).await?;
    let workers = jobs::workers(&mut *snapshot).await?;
    Ok(Status {
        at: totals.at,
        repositories: totals.repositories,
        sources,
        environments,
        candidates,
        instances: totals.instances,
        validation,
        decided_last_minute: totals.decided_last_minute,
        campaigns,
        jobs,
        workers,
        failures,
    })
}
