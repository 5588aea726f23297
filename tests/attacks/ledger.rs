//! The repository that is attacked: `repository/`, and data folders in which it was made into instances.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::census::Census;
use crate::support::Home;

/// What every run of these tests asks for.
pub(crate) const REQUEST: &[&str] = &["--seed", "3", "--set", "baseline_runs=2"];

/// A data folder, the repository, and what was on the machine before.
pub(crate) struct Factory {
    pub(crate) home: Home,
    source: tempfile::TempDir,
    before: Census,
}

impl Factory {
    /// Nothing is done yet.
    pub(crate) fn new() -> Self {
        let before = Census::take();
        let source = tempfile::tempdir().unwrap();
        copy(&folder("repository"), &source.path().join("ledger"));
        Self {
            home: Home::new(),
            source,
            before,
        }
    }

    /// With about this many instances.
    pub(crate) fn with_instances(candidates: u32) -> Self {
        let factory = Self::new();
        let count = candidates.to_string();
        let asked = ["run", &factory.repository(), "--max-candidates", &count];
        factory.home.succeed(&[&asked, REQUEST].concat());
        factory
    }

    /// The repository, as a source.
    pub(crate) fn repository(&self) -> String {
        self.place().to_str().unwrap().to_owned()
    }

    /// The repository's folder, for a test that changes it before anything is done.
    pub(crate) fn place(&self) -> PathBuf {
        self.source.path().join("ledger")
    }

    /// The ids of the instances, sorted.
    pub(crate) fn instances(&self) -> Vec<String> {
        let listed = self.home.succeed(&["instances", "--json"]).json();
        let id = |instance: &Value| instance["instance_id"].as_str().unwrap().to_owned();
        listed.as_array().unwrap().iter().map(id).collect()
    }

    /// Demands that nothing of what was done is left on the machine.
    pub(crate) fn leaves_nothing(self) {
        self.home.leaves_nothing();
        let Self {
            home,
            source,
            before,
        } = self;
        drop(home);
        drop(source);
        before.is_as_it_was();
    }
}

/// A folder of this suite.
pub(crate) fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/attacks")
        .join(name)
}

/// Copies files, following nothing.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
        }
    }
}
