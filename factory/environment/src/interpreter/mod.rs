//! Python interpreters of this machine, and which of them a project should get.

mod choose;
mod find;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use choose::choose;
pub use find::find;

/// An installed interpreter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interpreter {
    /// `cpython`, `pypy`.
    pub implementation: String,
    /// Its release.
    pub version: (u64, u64, u64),
    /// Its own `sys.base_prefix` on this machine.
    pub prefix: PathBuf,
    /// The program below the prefix, such as `bin/python3.11`.
    pub program: PathBuf,
}

/// Where an interpreter from outside of `/usr` is seen inside sandboxes, wherever it lies on the machine.
pub const MOUNTED_PREFIX: &str = "/opt/python";

impl Interpreter {
    /// The release as people write it.
    pub fn release(&self) -> String {
        let (major, minor, patch) = self.version;
        format!("{major}.{minor}.{patch}")
    }

    /// Whether every sandbox has it already, as a part of the system.
    pub fn is_of_the_system(&self) -> bool {
        self.prefix.starts_with("/usr")
    }

    /// The program's path inside sandboxes.
    pub fn path_inside(&self) -> PathBuf {
        if self.is_of_the_system() {
            self.prefix.join(&self.program)
        } else {
            Path::new(MOUNTED_PREFIX).join(&self.program)
        }
    }
}
