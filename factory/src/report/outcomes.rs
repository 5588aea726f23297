//! The table of outcomes.

use std::collections::BTreeMap;

use serde::Serialize;
use swemill_store::rollouts::summary::OfInstance;
use swemill_store::rollouts::{Rollout, RolloutOutcome, RolloutState, Totals};

use crate::rollouts::accounts::{self, Account};

/// Counts of rollouts by campaign and instance.
#[derive(Debug, Default)]
pub(super) struct Outcomes {
    instances: BTreeMap<(i64, String), OfInstance>,
    words: BTreeMap<i64, BTreeMap<&'static str, u64>>,
}

/// A campaign's row.
#[derive(Debug, Serialize)]
pub(super) struct Campaign {
    #[serde(flatten)]
    account: Account,
    /// Attempts by outcome, or by state where they have none.
    outcomes: BTreeMap<&'static str, u64>,
}

impl Outcomes {
    pub(super) fn count(&mut self, rollout: &Rollout) {
        let key = (rollout.campaign_id, rollout.instance_id.clone());
        let of = self.instances.entry(key).or_insert_with(|| none(rollout));
        of.attempts += 1;
        match rollout.state {
            RolloutState::Queued | RolloutState::Running | RolloutState::Attempted => {
                of.unfinished += 1;
            }
            RolloutState::Graded => of.graded += 1,
            RolloutState::Failed => of.failed += 1,
        }
        of.resolved += i64::from(rollout.outcome == Some(RolloutOutcome::Resolved));
        of.totals += rollout.totals;
        let words = self.words.entry(rollout.campaign_id).or_default();
        *words.entry(word(rollout)).or_default() += 1;
    }

    pub(super) fn rows(&self) -> Vec<Campaign> {
        let instances: Vec<OfInstance> = self.instances.values().cloned().collect();
        let accounts = accounts::by_campaign(&instances).into_iter();
        let row = |account: Account| Campaign {
            outcomes: (self.words.get(&account.campaign_id))
                .cloned()
                .unwrap_or_default(),
            account,
        };
        accounts.map(row).collect()
    }
}

/// The outcome of a rollout, or its state where it has none.
pub(super) fn word(rollout: &Rollout) -> &'static str {
    let state = rollout.state.as_str();
    rollout.outcome.map_or(state, RolloutOutcome::as_str)
}

fn none(rollout: &Rollout) -> OfInstance {
    OfInstance {
        campaign_id: rollout.campaign_id,
        policy: rollout.policy,
        model: rollout.model.clone(),
        interface: rollout.interface.clone(),
        instance_id: rollout.instance_id.clone(),
        attempts: 0,
        unfinished: 0,
        graded: 0,
        resolved: 0,
        failed: 0,
        totals: Totals::default(),
    }
}
