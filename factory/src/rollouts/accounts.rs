//! What campaigns came to: counts, resources and pass@k.

use std::collections::BTreeMap;

use serde::Serialize;
use swemill_agent::pass_at_k::{self, Attempts, PassAtK};
use swemill_store::rollouts::summary::OfInstance;
use swemill_store::rollouts::{RolloutPolicy, Totals};

/// One campaign's account.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Account {
    /// The campaign.
    pub campaign_id: i64,
    /// Where its decisions come from.
    pub policy: RolloutPolicy,
    /// Its model.
    pub model: String,
    /// The notation.
    pub interface: String,
    /// Attempts that were asked for.
    pub attempts: i64,
    /// Those that wait or run.
    pub unfinished: i64,
    /// Those that are graded.
    pub graded: i64,
    /// Those of them that resolve their instance.
    pub resolved: i64,
    /// Those that the machinery failed; they count for nobody.
    pub failed: i64,
    /// What the ended ones took.
    #[serde(flatten)]
    pub totals: Totals,
    /// pass@1 and pass@k for doubling k, as far as instances have so many graded attempts.
    pub pass_at_k: Vec<PassAtK>,
}

/// Sums up by campaign.
pub fn by_campaign(rows: &[OfInstance]) -> Vec<Account> {
    let mut campaigns: BTreeMap<i64, Vec<&OfInstance>> = BTreeMap::new();
    for row in rows {
        campaigns.entry(row.campaign_id).or_default().push(row);
    }
    campaigns
        .into_values()
        .filter_map(|rows| sum(&rows))
        .collect()
}

fn sum(rows: &[&OfInstance]) -> Option<Account> {
    let first = rows.first()?;
    let mut account = Account {
        campaign_id: first.campaign_id,
        policy: first.policy,
        model: first.model.clone(),
        interface: first.interface.clone(),
        attempts: 0,
        unfinished: 0,
        graded: 0,
        resolved: 0,
        failed: 0,
        totals: Totals::default(),
        pass_at_k: Vec::new(),
    };
    for row in rows {
        account.attempts += row.attempts;
        account.unfinished += row.unfinished;
        account.graded += row.graded;
        account.resolved += row.resolved;
        account.failed += row.failed;
        account.totals += row.totals;
    }
    let attempts: Vec<Attempts> = rows
        .iter()
        .map(|row| Attempts {
            graded: row.graded.unsigned_abs(),
            resolved: row.resolved.unsigned_abs(),
        })
        .collect();
    let most = attempts.iter().map(|of| of.graded).max().unwrap_or(0);
    let mut ks: Vec<u64> = std::iter::successors(Some(1), |k| Some(k * 2))
        .take_while(|k| *k <= most)
        .collect();
    if !ks.contains(&most) {
        ks.push(most);
    }
    let estimates = ks.into_iter().filter_map(|k| pass_at_k::over(&attempts, k));
    account.pass_at_k = estimates.collect();
    Some(account)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(campaign_id: i64, graded: i64, resolved: i64) -> OfInstance {
        OfInstance {
            campaign_id,
            policy: RolloutPolicy::Model,
            model: "m".into(),
            interface: "mini-fenced".into(),
            instance_id: format!("i{graded}{resolved}"),
            attempts: graded + 1,
            unfinished: 0,
            graded,
            resolved,
            failed: 1,
            totals: Totals {
                steps: 10,
                ..Totals::default()
            },
        }
    }

    #[test]
    fn failed_attempts_are_counted_and_are_no_part_of_pass_at_k() {
        let accounts = by_campaign(&[row(1, 3, 3), row(1, 3, 0), row(2, 1, 1)]);
        assert_eq!(accounts.len(), 2);
        let first = &accounts[0];
        assert_eq!((first.attempts, first.graded, first.failed), (8, 6, 2));
        assert_eq!(first.totals.steps, 20);
        let passes: Vec<(u64, f64)> = (first.pass_at_k.iter())
            .map(|pass| (pass.k, pass.estimate))
            .collect();
        assert_eq!(passes, [(1, 0.5), (2, 0.5), (3, 0.5)]);
    }
}
