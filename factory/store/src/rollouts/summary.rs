//! Counting: by campaign and by instance.

use serde::{Deserialize, Serialize};
use sqlx::PgPool;

use super::{RolloutPolicy, Totals};
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
                  sum(lm_seconds) AS "lm_seconds!", sum(execution_seconds) AS "execution_seconds!"
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
            },
        })
        .collect())
}
