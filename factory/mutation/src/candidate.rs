//! What a run hands out.

use serde::{Deserialize, Serialize};

/// One proposed break.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// `<owner>__<name>.<commit8>.<strategy>__<hash8>`.
    pub id: String,
    /// The strategy's name.
    pub strategy: String,
    /// The file that it changes, below the root, with `/`.
    pub file: String,
    /// The function, method or class that it changes, as Python's `__qualname__` spells it; `<module>` for
    /// statements outside of all.
    pub entity: String,
    /// The first line that it changes, from 1.
    pub line: usize,
    /// The break as a diff; reversed it is the fix.
    pub patch: String,
    /// The seed of the run.
    pub seed: u64,
}
