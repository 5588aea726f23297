//! What became of the attempts that were looked at.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::reason::Reason;
use super::row::Row;
use super::split::Split;

/// What one side has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// Attempts.
    pub attempts: u64,
    /// Instances.
    pub instances: BTreeSet<String>,
    /// Repositories.
    pub repositories: BTreeSet<String>,
    /// Attempts by `policy`.
    pub policies: BTreeMap<String, u64>,
    /// Tokens of all of them, where a tokenizer was named.
    pub tokens: i64,
}

/// Every attempt that was looked at is in one of the two.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Attempts that are in the export, by side.
    pub kept: BTreeMap<Split, Taken>,
    /// Attempts that are not, by reason.
    pub dropped: BTreeMap<Reason, u64>,
}

impl Summary {
    /// All attempts.
    pub fn considered(&self) -> u64 {
        let kept = self.kept.values().map(|taken| taken.attempts);
        kept.sum::<u64>() + self.dropped.values().sum::<u64>()
    }

    /// What a side has.
    pub fn of(&self, split: Split) -> Taken {
        self.kept.get(&split).cloned().unwrap_or_default()
    }

    pub(super) fn keep(&mut self, row: &Row, split: Split) {
        let taken = self.kept.entry(split).or_default();
        taken.attempts += 1;
        taken.instances.insert(row.instance_id.clone());
        taken.repositories.insert(row.repo.clone());
        *taken.policies.entry(row.policy.clone()).or_default() += 1;
        taken.tokens += row.tokens.unwrap_or_default();
    }

    pub(super) fn drop(&mut self, reason: Reason) {
        *self.dropped.entry(reason).or_default() += 1;
    }
}
