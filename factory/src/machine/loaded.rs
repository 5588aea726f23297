//! An environment with all that running candidates needs to know of it.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use swemill_harness::{Baseline, Reach, Stage, TestCommand};
use swemill_sandbox::Environment;

use crate::failure::StageError;
use crate::seal::view::View;
use crate::statement::snippet::Snippets;

/// An environment that is ready to run candidates.
#[derive(Debug)]
pub struct Loaded {
    /// The repository's name.
    pub name: String,
    /// What sandboxes are started from.
    pub environment: Environment,
    /// How its tests are started.
    pub command: TestCommand,
    /// What its untouched tests do.
    pub baseline: Baseline,
    /// Which lines they execute, where that is known.
    pub reach: Option<Reach>,
    /// Why its tests' process cannot wait to be copied at a stage.
    pub(super) cold: Mutex<HashMap<Stage, String>>,
    /// The repository's files on the host.
    pub tree: PathBuf,
    /// The sources of their tests.
    pub snippets: Snippets,
    /// Where they are inside.
    pub testbed: PathBuf,
    /// The number of each test in the store.
    pub(super) ordinals: HashMap<String, i32>,
}

impl Loaded {
    /// Whether its files are still on the disk.
    pub(super) fn is_whole(&self) -> bool {
        let mut layers = self
            .environment
            .spec
            .trees
            .iter()
            .flat_map(|tree| &tree.lower);
        self.tree.is_dir() && layers.all(|layer| layer.is_dir())
    }

    /// Why its tests' process cannot wait to be copied at a stage, if that was found out.
    pub fn cold(&self, stage: Stage) -> Option<String> {
        let cold = self.cold.lock().unwrap_or_else(PoisonError::into_inner);
        cold.get(&stage).cloned()
    }

    /// Notes why it cannot.
    pub fn set_cold(&self, stage: Stage, reason: &str) {
        let mut cold = self.cold.lock().unwrap_or_else(PoisonError::into_inner);
        cold.insert(stage, reason.to_owned());
    }

    /// The repository's files as a fresh sandbox sees them.
    pub fn view(&self) -> Result<View, StageError> {
        let view = View::of(&self.environment.spec, &self.testbed);
        view.ok_or_else(|| StageError::infra("the environment has no repository in it"))
    }

    /// The numbers of tests in the store.
    pub fn ordinals(&self, tests: &BTreeSet<String>) -> Result<Vec<i32>, StageError> {
        let ordinal = |test: &String| {
            let found = self.ordinals.get(test).copied();
            found.ok_or_else(|| {
                StageError::grader(format!("the baseline in the store does not know {test}"))
            })
        };
        tests.iter().map(ordinal).collect()
    }
}
