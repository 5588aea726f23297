//! Why an attempt is not learned from.

use serde::{Deserialize, Serialize};

/// Why an attempt is not in the export: the first that holds, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It waits, or its agent is at work.
    Unfinished,
    /// The machinery failed; it says nothing about the agent.
    MachineryFailed,
    /// The hidden tests have not judged it yet.
    Ungraded,
    /// The hidden tests fail.
    Unresolved,
    /// It handed in no patch.
    Empty,
    /// Its patch could not be applied.
    NotApplied,
    /// It was caught lying about results.
    Tampered,
    /// Its repository is on the list of those to keep out.
    ListedRepository,
    /// It shares a run of words with a benchmark.
    BenchmarkOverlap,
    /// None of its answers was understood.
    NothingToLearn,
    /// It has more tokens than a training sequence holds.
    TooLong,
    /// Another attempt at its instance that was kept makes the same changes.
    EqualPatch,
    /// Enough attempts at its instance are kept.
    AboveLimit,
}

impl Reason {
    /// The word used in summaries and in the docs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unfinished => "unfinished",
            Self::MachineryFailed => "machinery_failed",
            Self::Ungraded => "ungraded",
            Self::Unresolved => "unresolved",
            Self::Empty => "empty",
            Self::NotApplied => "not_applied",
            Self::Tampered => "tampered",
            Self::ListedRepository => "listed_repository",
            Self::BenchmarkOverlap => "benchmark_overlap",
            Self::NothingToLearn => "nothing_to_learn",
            Self::TooLong => "too_long",
            Self::EqualPatch => "equal_patch",
            Self::AboveLimit => "above_limit",
        }
    }
}
