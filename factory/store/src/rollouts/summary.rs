//! Counting: by campaign, by instance and by state.

use serde::{Deserialize, Serialize};
use sqlx::{PgExecutor, PgPool};

use super::{Overhead, RolloutPolicy, Totals};
use crate::error::Result;

/// The attempts of a campaign at an instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OfInstance {
    /// The campaign.
    pub campaign_id: i64,
    /// Where its decisions come from.
    pub policy: RolloutPolicy,
    /// Its model.
    pub model: String,
    /// The notation.
    pub interface: String,
    /// The instance.
    pub instance_id: String,
    /// Attempts that were asked for.
    pub attempts: i64,
    /// Those that wait or run.
    pub unfinished: i64,
    /// Those that are graded.
    pub graded: i64,
    /// Those of them that resolve it.
    pub resolved: i64,
    /// Those that the machinery failed.
    pub failed: i64,
    /// What those that ended took.
    #[serde(flatten)]
    pub totals: Totals,
}

/// How far the attempts of a campaign have come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CampaignCount {
    /// The campaign.
    pub campaign_id: i64,
    /// Where its decisions come from.
    pub policy: RolloutPolicy,
    /// Its model.
    pub model: String,
    /// The notation.
    pub interface: String,
    /// Attempts that wait for a worker.
    pub queued: i64,
    /// Attempts whose agent is at work, or was when its worker died.
    pub running: i64,
    /// Attempts that ended and wait for their grade.
    pub attempted: i64,
    /// Attempts that are graded.
    pub graded: i64,
    /// Those of them that resolve their instance.
    pub resolved: i64,
    /// Attempts that the machinery failed for good.
    pub failed: i64,
}

/// Attempts by campaign and state.
pub async fn by_state(executor: impl PgExecutor<'_>) -> Result<Vec<CampaignCount>> {
    let rows = sqlx::query_as!(
        CampaignCount,
        r#"SELECT campaigns.id AS campaign_id, policy AS "policy: RolloutPolicy", model, interface,
                  count(*) FILTER (WHERE state = 'queued') AS "queued!",
                  count(*) FILTER (WHERE state = 'running') AS "running!",
                  count(*) FILTER (WHERE state = 'attempted') AS "attempted!",
                  count(*) FILTER (WHERE state = 'graded') AS "graded!",
                  count(*) FILTER (WHERE outcome = 'resolved') AS "resolved!",
                  count(*) FILTER (WHERE state = 'failed') AS "failed!"
           FROM campaigns LEFT JOIN rollouts ON campaign_id = campaigns.id
           GROUP BY campaigns.id ORDER BY campaigns.id"#,
    )
    .fetch_all(executor)
    .await?;
    Ok(rows)
}

/// Attempts by campaign and instance, in this order: of one campaign, one instance, or all.
pub async fn by_instance(
    pool: &PgPool,
    campaign_id: Option<i64>,
    instance_id: Option<&str>,
) -> Result<Vec<OfInstance>> {
    let rows = sqlx::query!(
        r#"SELECT campaign_id, policy AS "policy: RolloutPolicy", model, interface, candidate_id,
                  count(*) AS "attempts!",
                  count(*) FILTER (WHERE state IN ('queued', 'running', 'attempted')) AS "unfinished!",
                  count(*) FILTER (WHERE state = 'graded') AS "graded!",
                  count(*) FILTER (WHERE outcome = 'resolved') AS "resolved!",
                  count(*) FILTER (WHERE state = 'failed') AS "failed!",
                  sum(steps)::bigint AS "steps!", sum(prompt_tokens)::bigint AS "prompt_tokens!",
                  sum(completion_tokens)::bigint AS "completion_tokens!",
                  sum(cached_tokens)::bigint AS "cached_tokens!", sum(cost) AS "cost!",
                  sum(lm_seconds) AS "lm_seconds!", sum(execution_seconds) AS "execution_seconds!",
                  sum(waiting_seconds) AS "waiting_seconds!", sum(sealing_seconds) AS "sealing_seconds!",
                  sum(sandbox_seconds) AS "sandbox_seconds!", sum(harness_seconds) AS "harness_seconds!",
                  sum(processor_seconds) AS "processor_seconds!"
           FROM rollouts JOIN campaigns ON campaigns.id = campaign_id
           WHERE ($1::bigint IS NULL OR campaign_id = $1) AND ($2::text IS NULL OR candidate_id = $2)
           GROUP BY campaign_id, policy, model, interface, candidate_id
           ORDER BY campaign_id, candidate_id"#,
        campaign_id,
        instance_id,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| OfInstance {
            campaign_id: row.campaign_id,
            policy: row.policy,
            model: row.model,
            interface: row.interface,
            instance_id: row.candidate_id,
            attempts: row.attempts,
            unfinished: row.unfinished,
            graded: row.graded,
            resolved: row.resolved,
            failed: row.failed,
            totals: Totals {
                steps: row.steps,
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
        })
        .collect())
}
