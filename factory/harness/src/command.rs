//! How a repository's tests are started, and what is asked of one run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How a repository's tests are started, as the environment's builder found out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestCommand {
    /// The environment's Python, as a path inside the sandbox.
    pub interpreter: PathBuf,
    /// What pytest is given: files, folders and options, as after `python -m pytest`.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// Variables that these tests need beside the harness's own, over which they win.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// Where pytest starts; the environment's working directory otherwise.
    #[serde(default)]
    pub working_directory: Option<PathBuf>,
}

impl TestCommand {
    /// A command that gives pytest no arguments.
    pub fn new(interpreter: impl Into<PathBuf>) -> Self {
        Self {
            interpreter: interpreter.into(),
            arguments: Vec::new(),
            variables: BTreeMap::new(),
            working_directory: None,
        }
    }
}

/// Which tests a run is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Selection {
    /// All that the command's arguments lead to.
    #[default]
    All,
    /// Exactly these ids. Only files that hold one of them are imported.
    Ids(Vec<String>),
}

/// What is asked of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Which tests.
    pub selection: Selection,
    /// Ids of tests, or of whole files, that are left out in any case.
    pub exclude: BTreeSet<String>,
    /// Permute files, classes and tests by this seed; the suite's own order otherwise.
    pub shuffle: Option<u64>,
    /// Wall time of the whole run.
    pub timeout: Duration,
}

impl Request {
    /// All tests in their own order.
    pub fn all(timeout: Duration) -> Self {
        Self {
            selection: Selection::All,
            exclude: BTreeSet::new(),
            shuffle: None,
            timeout,
        }
    }
}

/// Variables of every run, so that a run is the same on every machine and at every hour. Only what makes a
/// difference is here: `NO_COLOR`, `TERM`, `SOURCE_DATE_EPOCH` or `CI` would change what tests of terminal,
/// packaging and documentation tools see, and no suite is written for them being set.
pub(crate) const VARIABLES: &[(&str, &str)] = &[
    ("PYTHONHASHSEED", "0"),
    ("PYTHONDONTWRITEBYTECODE", "1"),
    ("TZ", "UTC"),
    ("LANG", "C.UTF-8"),
    ("LC_ALL", "C.UTF-8"),
    ("COLUMNS", "80"),
    ("PY_COLORS", "0"),
];
