//! One word for what a test did, folded from the records of its phases.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a test did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Set up, called and torn down without complaint.
    Passed,
    /// Not run, by the test's own decision.
    Skipped,
    /// Failed as it was marked to.
    Xfailed,
    /// Passed though it was marked to fail, and the mark was not strict.
    Xpassed,
    /// Expected and not seen. Never a pass.
    Missing,
    /// The test itself, or one of its subtests, failed.
    Failed,
    /// What surrounds the test failed: set-up, tear-down, or the collection of its file.
    Error,
}

impl Status {
    /// Whether something is broken: `failed` or `error`.
    pub fn is_broken(self) -> bool {
        matches!(self, Self::Failed | Self::Error)
    }

    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Skipped => "skipped",
            Self::Xfailed => "xfailed",
            Self::Xpassed => "xpassed",
            Self::Missing => "missing",
            Self::Failed => "failed",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// Where a failure surfaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crash {
    /// The file, as pytest names it.
    pub path: String,
    /// The line, from 1.
    pub line: u64,
    /// The exception's text.
    pub message: String,
}

/// All that one run says about one test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TestRecord {
    /// What it did.
    pub status: Status,
    /// Seconds of its phases together.
    pub seconds: f64,
    /// Why it is not `passed`: the failure as pytest shows it, or the reason of a skip. Bounded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Where it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crash: Option<Crash>,
    /// Whether more than one test of the run bears this id; the worst status is kept.
    #[serde(default)]
    pub ambiguous: bool,
    /// Whether a plugin ran it again after a failure.
    #[serde(default)]
    pub rerun: bool,
}
