//! What a run looked at and what it left alone, counted by reason.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Why a file was left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Skipped {
    /// Tests, and what only tests use.
    Test,
    /// Documentation, examples, benchmarks, build scripts and other tooling around the package.
    Tooling,
    /// Other projects' code, copied in.
    Vendored,
    /// Says that a program wrote it.
    Generated,
    /// Larger than 1 MiB.
    TooLarge,
    /// Ends lines with lone carriage returns.
    OddNewlines,
    /// Not UTF-8, or declared to be something else.
    NotUtf8,
    /// Not Python 3, or not Python.
    NotPython3,
    /// Could not be read.
    Unreadable,
    /// Its name is not UTF-8.
    Unnameable,
}

/// The counts of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Python files seen.
    pub files: usize,
    /// Files with at least one site.
    pub mutated: usize,
    /// Files left alone, by reason.
    pub skipped: BTreeMap<Skipped, usize>,
    /// Lines of the files that were looked at for sites.
    pub lines: usize,
    /// Sites that operators named, each resulting content once.
    pub sites: usize,
    /// Sites that gave no candidate because the mutated file would not parse or compile.
    pub unviable: usize,
    /// Sites that gave no candidate because the mutated file means the same.
    pub equivalent: usize,
    /// Candidates handed out.
    pub candidates: usize,
}
