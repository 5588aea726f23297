//! Reading rollouts: lists by filter, and those that ended with their trajectories, in constant memory.

use chrono::{DateTime, Utc};
use futures_util::{Stream, stream};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::PgPool;

use super::steps::{self, unpacked};
use super::{Overhead, Rollout, RolloutOutcome, RolloutPolicy, RolloutState, Totals};
use crate::error::Result;
use crate::failure::{Failure, FailureClass};

/// How many rollouts are read at a time.
const PAGE: i64 = 100;

/// Which rollouts are wanted; the default is all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolloutFilter {
    /// With one of these numbers.
    pub ids: Option<Vec<i64>>,
    /// Of this campaign.
    pub campaign_id: Option<i64>,
    /// Of this policy.
    pub policy: Option<RolloutPolicy>,
    /// Of this model.
    pub model: Option<String>,
    /// Of these instances.
    pub instance_ids: Option<Vec<String>>,
    /// Of repositories with this source, this `owner/name` or this name.
    pub repository: Option<String>,
    /// In one of these states.
    pub states: Option<Vec<RolloutState>>,
    /// With this outcome.
    pub outcome: Option<RolloutOutcome>,
    /// With a step that has all these words, as web search engines read them (`"a phrase" word -without`).
    pub search: Option<String>,
}

impl RolloutFilter {
    /// The same, narrowed to rollouts that have a trajectory.
    #[must_use]
    pub fn with_trajectory(mut self) -> Self {
        let ended = [RolloutState::Attempted, RolloutState::Graded];
        let states = self.states.unwrap_or_else(|| ended.to_vec());
        self.states = Some(
            states
                .into_iter()
                .filter(|state| ended.contains(state))
                .collect(),
        );
        self
    }
}

/// A rollout that ended, with its trajectory.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// The rollout.
    pub rollout: Rollout,
    /// The trajectory without its steps, as JSON.
    pub trajectory: Vec<u8>,
    /// Its steps, as JSON each.
    pub steps: Vec<Vec<u8>>,
}

/// The rollouts that pass the filter, by their numbers, whatever how many: a page at a time.
pub fn stream(
    pool: &PgPool,
    filter: RolloutFilter,
) -> impl Stream<Item = Result<Rollout>> + Send + use<> {
    let state = Pages {
        pool: pool.clone(),
        filter,
        after: 0,
        page: Vec::new().into_iter(),
    };
    stream::try_unfold(state, |mut state| async move {
        Ok(state.next().await?.map(|rollout| (rollout, state)))
    })
}

/// The rollouts that have a trajectory and pass the filter, with it; one in memory at a time.
pub fn recorded(
    pool: &PgPool,
    filter: RolloutFilter,
) -> impl Stream<Item = Result<Recorded>> + Send + use<> {
    let state = Pages {
        pool: pool.clone(),
        filter: filter.with_trajectory(),
        after: 0,
        page: Vec::new().into_iter(),
    };
    stream::try_unfold(state, |mut state| async move {
        let Some(rollout) = state.next().await? else {
            return Ok(None);
        };
        let recorded = load(&state.pool, rollout).await?;
        Ok(Some((recorded, state)))
    })
}

/// The rollout of this number.
pub async fn get(pool: &PgPool, id: i64) -> Result<Option<Rollout>> {
    let filter = RolloutFilter {
        ids: Some(vec![id]),
        ..RolloutFilter::default()
    };
    Ok(page(pool, &filter, 0).await?.pop())
}

/// The trajectory of a rollout that has one, without its steps, as JSON.
pub async fn trajectory(pool: &PgPool, id: i64) -> Result<Option<Vec<u8>>> {
    let packed = sqlx::query_scalar!("SELECT trajectory FROM rollouts WHERE id = $1", id)
        .fetch_optional(pool)
        .await?
        .flatten();
    packed.map(|packed| unpacked(&packed, id)).transpose()
}

async fn load(pool: &PgPool, rollout: Rollout) -> Result<Recorded> {
    let id = rollout.id;
    Ok(Recorded {
        trajectory: trajectory(pool, id).await?.unwrap_or_default(),
        steps: steps::of(pool, id).await?,
        rollout,
    })
}

struct Pages {
    pool: PgPool,
    filter: RolloutFilter,
    after: i64,
    page: std::vec::IntoIter<Rollout>,
}

impl Pages {
    async fn next(&mut self) -> Result<Option<Rollout>> {
        if self.page.len() == 0 {
            self.page = page(&self.pool, &self.filter, self.after)
                .await?
                .into_iter();
        }
        let next = self.page.next();
        if let Some(rollout) = &next {
            self.after = rollout.id;
        }
        Ok(next)
    }
}

struct Row {
    id: i64,
    campaign_id: i64,
    policy: RolloutPolicy,
    model: String,
    interface: String,
    candidate_id: String,
    repository: String,
    attempt: i32,
    seed: i64,
    state: RolloutState,
    resumes: i32,
    restarts: i32,
    restart_reason: Option<String>,
    exit: Option<String>,
    patch: Option<String>,
    steps: i32,
    prompt_tokens: i64,
    completion_tokens: i64,
    cached_tokens: i64,
    cost: f64,
    lm_seconds: f64,
    execution_seconds: f64,
    waiting_seconds: f64,
    sealing_seconds: f64,
    sandbox_seconds: f64,
    harness_seconds: f64,
    processor_seconds: f64,
    outcome: Option<RolloutOutcome>,
    grade: Option<Value>,
    failure_class: Option<FailureClass>,
    failure_reason: Option<String>,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    attempted_at: Option<DateTime<Utc>>,
    graded_at: Option<DateTime<Utc>>,
}

impl From<Row> for Rollout {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            campaign_id: row.campaign_id,
            policy: row.policy,
            model: row.model,
            interface: row.interface,
            instance_id: row.candidate_id,
            repository: row.repository,
            attempt: row.attempt,
            seed: row.seed,
            state: row.state,
            resumes: row.resumes,
            restarts: row.restarts,
            restart_reason: row.restart_reason,
            exit: row.exit,
            patch: row.patch,
            totals: Totals {
                steps: i64::from(row.steps),
                prompt_tokens: row.prompt_tokens,
                completion_tokens: row.completion_tokens,
                cached_tokens: row.cached_tokens,
                cost: row.cost,
                lm_seconds: row.lm_seconds,
                execution_seconds: row.execution_seconds,
                overhead: Overhead {
                    waiting_seconds: row.waiting_seconds,
                    sealing_seconds: row.sealing_seconds,
                    sandbox_seconds: row.sandbox_seconds,
                    harness_seconds: row.harness_seconds,
                    processor_seconds: row.processor_seconds,
                },
            },
            outcome: row.outcome,
            grade: row.grade,
            failure: row
                .failure_class
                .zip(row.failure_reason)
                .map(|(class, reason)| Failure { class, reason }),
            created_at: row.created_at,
            started_at: row.started_at,
            attempted_at: row.attempted_at,
            graded_at: row.graded_at,
        }
    }
}

async fn page(pool: &PgPool, filter: &RolloutFilter, after: i64) -> Result<Vec<Rollout>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT rollouts.id, campaign_id, policy AS "policy: RolloutPolicy", model, interface,
                  candidate_id, owner || '/' || name AS "repository!", attempt, rollouts.seed,
                  rollouts.state AS "state: RolloutState", resumes, restarts, restart_reason, exit, rollouts.patch,
                  steps, prompt_tokens, completion_tokens, cached_tokens, cost, lm_seconds, execution_seconds,
                  waiting_seconds, sealing_seconds, sandbox_seconds, harness_seconds, processor_seconds,
                  rollouts.outcome AS "outcome: RolloutOutcome", grade,
                  rollouts.failure_class AS "failure_class: FailureClass", rollouts.failure_reason,
                  rollouts.created_at, started_at, attempted_at, graded_at
           FROM rollouts
           JOIN campaigns ON campaigns.id = campaign_id
           JOIN candidates ON candidates.id = candidate_id
           JOIN environments ON environments.id = environment_id
           JOIN repositories ON repositories.id = repository_id
           WHERE rollouts.id > $1
             AND ($2::bigint[] IS NULL OR rollouts.id = ANY ($2))
             AND ($3::bigint IS NULL OR campaign_id = $3)
             AND ($4::rollout_policy IS NULL OR policy = $4)
             AND ($5::text IS NULL OR model = $5)
             AND ($6::text[] IS NULL OR candidate_id = ANY ($6))
             AND ($7::text IS NULL OR $7 IN (spec, name, owner || '/' || name))
             AND ($8::rollout_state[] IS NULL OR rollouts.state = ANY ($8))
             AND ($9::rollout_outcome IS NULL OR rollouts.outcome = $9)
             AND ($10::text IS NULL OR rollouts.id IN (
                     SELECT rollout_id FROM rollout_steps WHERE words @@ websearch_to_tsquery('simple', $10)))
           ORDER BY rollouts.id LIMIT $11"#,
        after,
        filter.ids.as_deref(),
        filter.campaign_id,
        filter.policy as Option<RolloutPolicy>,
        filter.model,
        filter.instance_ids.as_deref(),
        filter.repository,
        filter.states.as_deref() as Option<&[RolloutState]>,
        filter.outcome as Option<RolloutOutcome>,
        filter.search,
        PAGE,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(Rollout::from).collect())
}
