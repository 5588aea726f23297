//! From a campaign and a list of instances to attempts with a job each.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use swemill_store::jobs::NewJob;
use swemill_store::rollouts::attempts::{self, NewRollout, Queued};
use swemill_store::rollouts::campaigns;

use super::campaign::Campaign;
use super::{GRADE, ROLLOUT};
use crate::service::Service;

/// Grades go before everything else: an attempt is graded at once.
const SOON: i32 = 20;

/// How often a worker may die under an attempt: each goes on where the one before stopped, so trying is cheap.
const TRIES: u16 = 20;

/// What jobs of rollouts are about.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct OfRollout {
    pub(crate) rollout_id: i64,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Asked {
    /// The campaign's number.
    pub campaign_id: i64,
    /// Attempts that were added.
    pub new: u64,
    /// Attempts that the machinery had failed and that are tried again.
    pub retried: u64,
}

/// Queues so many attempts of a campaign at each instance. Asking again adds what is missing.
pub async fn queue(
    service: &Service,
    campaign: &Campaign,
    instances: &[String],
    attempts: u32,
) -> anyhow::Result<Asked> {
    let number = |attempt: u32| i32::try_from(attempt).unwrap_or(i32::MAX);
    // All instances once, then all once more: a campaign that is stopped early has seen as many as can be.
    let wanted: Vec<NewRollout> = (1..=attempts)
        .flat_map(|attempt| instances.iter().map(move |id| (attempt, id)))
        .map(|(attempt, id)| NewRollout {
            instance_id: id.clone(),
            attempt: number(attempt),
            seed: seed(campaign.options.seed, id, attempt),
        })
        .collect();
    let mut transaction = service.pool().begin().await?;
    let campaign_id = campaigns::add(&mut transaction, &campaign.to_stored()).await?;
    let Queued { new, retried } =
        attempts::add(&mut transaction, campaign_id, &wanted, rollout_job).await?;
    transaction.commit().await?;
    Ok(Asked {
        campaign_id,
        new,
        retried,
    })
}

/// The key of a rollout's jobs.
pub(crate) fn key(rollout_id: i64) -> String {
    format!("rollout {rollout_id}")
}

fn rollout_job(rollout_id: i64) -> NewJob {
    NewJob::new(
        ROLLOUT,
        key(rollout_id),
        serde_json::json!(OfRollout { rollout_id }),
    )
    .max_attempts(TRIES)
}

pub(super) fn grade_job(rollout_id: i64) -> NewJob {
    NewJob::new(
        GRADE,
        key(rollout_id),
        serde_json::json!(OfRollout { rollout_id }),
    )
    .priority(SOON)
}

/// The seed of one attempt: 63 bits, since servers take it for a signed number.
fn seed(campaign: u64, instance_id: &str, attempt: u32) -> i64 {
    let digest = Sha256::digest(format!("{campaign} {instance_id} {attempt}").as_bytes());
    let bytes = digest[..8].try_into().expect("a digest has 32 bytes");
    i64::from_be_bytes(bytes) & i64::MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_have_seeds_of_their_own_that_are_the_same_every_time() {
        let seeds = [
            seed(1, "a", 1),
            seed(2, "a", 1),
            seed(1, "b", 1),
            seed(1, "a", 2),
        ];
        let distinct: std::collections::BTreeSet<i64> = seeds.into_iter().collect();
        assert_eq!(distinct.len(), seeds.len());
        assert!(seeds.iter().all(|&seed| seed >= 0));
        assert_eq!(seeds[0], seed(1, "a", 1));
    }
}
