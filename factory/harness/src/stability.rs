//! Whether a test's outcome is always the same.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Status, TestRun};

/// One test over all runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BaselineTest {
    /// What it did in the first run.
    pub status: Status,
    /// The longest it took.
    pub seconds: f64,
    /// Why it is in no list, if it is in none.
    pub instability: Option<Instability>,
}

/// Why a test's outcome cannot be held against a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Instability {
    /// Runs in the suite's own order differ.
    Flaky {
        /// What it did, run by run.
        statuses: Vec<Status>,
    },
    /// Only the shuffled run differs.
    OrderDependent {
        /// What it did in the suite's order.
        ordered: Status,
        /// What it did in the shuffled run.
        shuffled: Status,
    },
    /// It does something else where no other test has run before it in the same process.
    NeedsOthers {
        /// What it did in the suite's order.
        ordered: Status,
        /// What it did alone.
        alone: Status,
    },
    /// Some runs do not know its id: random data or an address is part of it.
    UnstableId,
    /// Other tests bear its id.
    AmbiguousId,
    /// A plugin had to run it again before it passed.
    Rerun,
}

impl fmt::Display for Instability {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flaky { statuses } => {
                let words: Vec<_> = statuses.iter().map(|status| status.as_str()).collect();
                write!(formatter, "flaky: {}", words.join(", "))
            }
            Self::OrderDependent { ordered, shuffled } => {
                write!(
                    formatter,
                    "order-dependent: {ordered}, but {shuffled} when shuffled"
                )
            }
            Self::NeedsOthers { ordered, alone } => {
                write!(
                    formatter,
                    "needs other tests before it: {ordered}, but {alone} alone"
                )
            }
            Self::UnstableId => formatter.write_str("its id differs between runs"),
            Self::AmbiguousId => formatter.write_str("several tests bear its id"),
            Self::Rerun => formatter.write_str("it was run again by a plugin"),
        }
    }
}

/// What the runs together say of one test; the last of them is the shuffled one.
pub(crate) fn judge(id: &str, runs: &[TestRun]) -> BaselineTest {
    let statuses: Vec<Status> = runs.iter().map(|run| run.status(id)).collect();
    let records = || runs.iter().filter_map(|run| run.tests.get(id));
    let instability = if records().any(|record| record.ambiguous) {
        Some(Instability::AmbiguousId)
    } else if statuses.contains(&Status::Missing) {
        Some(Instability::UnstableId)
    } else if records().any(|record| record.rerun) {
        Some(Instability::Rerun)
    } else {
        unsteady(&statuses)
    };
    BaselineTest {
        status: statuses[0],
        seconds: records().map(|record| record.seconds).fold(0.0, f64::max),
        instability,
    }
}

fn unsteady(statuses: &[Status]) -> Option<Instability> {
    let (&shuffled, ordered) = statuses.split_last()?;
    let &first = ordered.first()?;
    if ordered.iter().any(|&status| status != first) {
        return Some(Instability::Flaky {
            statuses: statuses.to_vec(),
        });
    }
    (shuffled != first).then_some(Instability::OrderDependent {
        ordered: first,
        shuffled,
    })
}
