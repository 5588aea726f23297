//! What a change did to the tests, judged test by test against the baseline.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{Baseline, Status, TestRun};

/// A run beside its baseline. Tests that are flaky in the baseline are in no list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// Passed in the baseline, failed or error now.
    pub fail_to_pass: BTreeSet<String>,
    /// Passed in the baseline, passed now.
    pub pass_to_pass: BTreeSet<String>,
    /// Of `fail_to_pass`, those that are broken because their file could not be collected.
    pub uncollected: BTreeSet<String>,
    /// Passed in the baseline and did not come to an end now. Neither a pass nor a failure.
    pub missing: BTreeSet<String>,
    /// Passed in the baseline and is skipped, xfailed or xpassed now.
    pub changed: BTreeSet<String>,
    /// Did not pass in the baseline, passes now.
    pub newly_passing: BTreeSet<String>,
}

/// Compares a run with its baseline by exact ids.
pub fn compare(baseline: &Baseline, run: &TestRun) -> Comparison {
    compare_reached(baseline, run, &|_| true)
}

/// Compares a run of some tests with the baseline; a test that the change cannot reach does what it did there.
pub fn compare_reached(
    baseline: &Baseline,
    run: &TestRun,
    is_reached: &dyn Fn(&str) -> bool,
) -> Comparison {
    let mut comparison = Comparison::default();
    for (id, expected) in baseline
        .tests
        .iter()
        .filter(|(_, test)| test.instability.is_none())
    {
        if !is_reached(id) {
            if expected.status == Status::Passed {
                comparison.pass_to_pass.insert(id.clone());
            }
            continue;
        }
        let ambiguous = run.tests.get(id).is_some_and(|record| record.ambiguous);
        let now = if ambiguous {
            Status::Missing
        } else {
            run.status(id)
        };
        let list = match (expected.status, now) {
            (Status::Passed, Status::Passed) => &mut comparison.pass_to_pass,
            (Status::Passed, Status::Failed | Status::Error) => {
                if !run.tests.contains_key(id) {
                    comparison.uncollected.insert(id.clone());
                }
                &mut comparison.fail_to_pass
            }
            (Status::Passed, Status::Missing) => &mut comparison.missing,
            (Status::Passed, Status::Skipped | Status::Xfailed | Status::Xpassed) => {
                &mut comparison.changed
            }
            (_, Status::Passed) => &mut comparison.newly_passing,
            _ => continue,
        };
        list.insert(id.clone());
    }
    comparison
}
