//! Proving stored instances once more: fresh sandboxes, the whole suite, the lists as they are stored.

use std::collections::BTreeSet;

use anyhow::Context as _;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use swemill_store::instances::Instance;

use crate::machine::Machine;
use crate::validation::{Judge, Rules};

/// How many tests a disagreement names.
const NAMED: usize = 3;

/// An instance that was proven once more, or was not.
#[derive(Debug, Serialize)]
pub struct Checked {
    /// Which.
    pub instance_id: String,
    /// What is not as stored; empty when all is.
    pub disagreements: Vec<String>,
}

impl Checked {
    /// Whether the lists are the stored ones.
    pub fn agrees(&self) -> bool {
        self.disagreements.is_empty()
    }
}

/// Runs an instance's break, and its repair, in fresh sandboxes.
pub async fn check(machine: &Machine, instance: Instance) -> anyhow::Result<Checked> {
    let loaded = machine
        .environment(instance.environment_id)
        .await
        .with_context(|| format!("the environment of {} cannot be restored", instance.id))?;
    let judge = Judge {
        backend: machine.backend(),
        environment: &loaded,
        environment_id: instance.environment_id,
        warm: machine.warm(),
        limits: &machine.settings.test_limits(),
        rules: Rules {
            confirmations: 1,
            max_broken_share: 1.0,
        },
    };
    let fails: BTreeSet<String> = instance.fail_to_pass.into_iter().collect();
    let passes: BTreeSet<String> = instance.pass_to_pass.into_iter().collect();
    let mut disagreements = Vec::new();
    match judge.lists(&instance.patch).await? {
        Err(reason) => disagreements.push(reason),
        Ok(lists) => {
            disagreements.extend(difference("FAIL_TO_PASS", &fails, &lists.fail_to_pass));
            disagreements.extend(difference("PASS_TO_PASS", &passes, &lists.pass_to_pass));
        }
    }
    let passing = judge.restored_lists(&instance.patch).await?.pass_to_pass;
    let listed: BTreeSet<String> = fails.union(&passes).cloned().collect();
    let broken: BTreeSet<String> = listed.difference(&passing).cloned().collect();
    if !broken.is_empty() {
        disagreements.push(format!("the fix does not restore {}", names(&broken)));
    }
    Ok(Checked {
        instance_id: instance.id,
        disagreements,
    })
}

fn difference(list: &str, stored: &BTreeSet<String>, found: &BTreeSet<String>) -> Option<String> {
    let gone: BTreeSet<String> = stored.difference(found).cloned().collect();
    let new: BTreeSet<String> = found.difference(stored).cloned().collect();
    let mut parts = Vec::new();
    if !gone.is_empty() {
        parts.push(format!(
            "{} no longer belong to it: {}",
            gone.len(),
            names(&gone)
        ));
    }
    if !new.is_empty() {
        parts.push(format!("{} more belong to it: {}", new.len(), names(&new)));
    }
    (!parts.is_empty()).then(|| format!("{list}: {}", parts.join(", ")))
}

fn names(tests: &BTreeSet<String>) -> String {
    let shown: Vec<&str> = tests.iter().take(NAMED).map(String::as_str).collect();
    let more = tests.len().saturating_sub(NAMED);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("{}{more}", shown.join(", "))
}

/// Draws `count` ids, the same for the same ids and seed.
pub fn sample(mut ids: Vec<String>, count: usize, seed: u64) -> Vec<String> {
    ids.sort_by_cached_key(|id| Sha256::digest(format!("{seed} {id}").as_bytes()));
    ids.truncate(count);
    ids.sort();
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_depends_on_the_seed_and_not_on_the_order() {
        let ids: Vec<String> = (0..100).map(|n| n.to_string()).collect();
        let reversed: Vec<String> = ids.iter().rev().cloned().collect();
        assert_eq!(sample(ids.clone(), 10, 1), sample(reversed, 10, 1));
        assert_ne!(sample(ids.clone(), 10, 1), sample(ids.clone(), 10, 2));
        assert_eq!(sample(ids, 1000, 1).len(), 100);
    }
}
