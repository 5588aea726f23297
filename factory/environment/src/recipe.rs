//! Everything that an environment is made from, as data that outlives it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use swemill_harness::TestCommand;

/// What makes an environment again, together with the repository's files. JSON in the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipe {
    /// The shape of this record.
    pub format: u32,
    /// The swemill that found it.
    pub swemill: String,
    /// The project's name, for people.
    pub name: String,
    /// The commit it was made for.
    pub commit: String,
    /// The interpreter.
    pub python: Python,
    /// The uv that resolved and installed.
    pub uv: String,
    /// Exact versions with hashes, in the format of requirements files.
    pub lock: String,
    /// Normalised names of those in the lock that are built from source, because they have no wheel.
    pub built: Vec<String>,
    /// How the project itself was installed.
    pub install: Install,
    /// The version that build backends were told.
    pub version: Option<String>,
    /// The day after which nothing that was published counts, where that was needed.
    pub cutoff: Option<String>,
    /// Variables of every command in the environment.
    pub variables: BTreeMap<String, String>,
    /// How its tests are started.
    pub test_command: TestCommand,
    /// What was tried and decided, in order, for people.
    pub notes: Vec<String>,
}

/// An interpreter, wherever it lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Python {
    /// `cpython`.
    pub implementation: String,
    /// The release, such as `3.11.7`.
    pub version: String,
    /// The machine's architecture and system, such as `x86_64-linux`.
    pub platform: String,
}

/// How a project became importable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Install {
    /// By its own backend, in place.
    Editable,
    /// By its own backend as a wheel, whose copies of the repository's files were then taken away.
    Metadata,
    /// Not by a backend: its folder is on the search path.
    Path,
}

impl Recipe {
    /// The shape that this version writes and reads.
    pub const FORMAT: u32 = 1;

    /// Names the environment's content: the digest of this recipe, without what is for people only, and of
    /// the repository's files.
    pub fn digest(&self, tree_digest: &str) -> String {
        let functional = Self {
            notes: Vec::new(),
            name: String::new(),
            commit: String::new(),
            ..self.clone()
        };
        let canonical = serde_json::to_vec(&functional)
            .expect("text, numbers and maps with text keys are JSON");
        let mut hasher = Sha256::new();
        hasher.update(canonical);
        hasher.update([0]);
        hasher.update(tree_digest);
        hex::encode(hasher.finalize())
    }

    /// The names and versions in the lock, in its order.
    pub fn locked(&self) -> Vec<(String, String)> {
        crate::lock::entries(&self.lock)
    }
}
