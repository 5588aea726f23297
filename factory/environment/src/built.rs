//! An environment on disk.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use swemill_sandbox::{EnvironmentSpec, Mount, Network, Tree, Upper};

use crate::files;
use crate::interpreter::{Interpreter, MOUNTED_PREFIX};
use crate::recipe::Recipe;

/// Where the virtual environment lies inside sandboxes.
pub const VENV: &str = "/opt/venv";
/// Where the repository lies inside sandboxes.
pub const TESTBED: &str = "/testbed";
/// The home folder inside sandboxes.
pub(crate) const HOME: &str = "/home/sandbox";

/// The file that says that a folder is whole, and what it is.
pub(crate) const MANIFEST: &str = "environment.json";

/// Folders of an environment.
pub(crate) mod layer {
    /// The virtual environment with everything that came as a wheel.
    pub(crate) const DEPENDENCIES: &str = "dependencies";
    /// What was built into the virtual environment, and its bytecode.
    pub(crate) const BUILT: &str = "built";
    /// The repository.
    pub(crate) const TESTBED: &str = "testbed";
    /// What installing the project left in the repository.
    pub(crate) const GENERATED: &str = "generated";
    /// The repository's bytecode.
    pub(crate) const BYTECODE: &str = "bytecode";
}

/// A finished environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Built {
    /// Names its content.
    pub digest: String,
    /// The folder with its layers.
    #[serde(skip)]
    pub folder: PathBuf,
    /// What it was made from.
    pub recipe: Recipe,
    /// The interpreter on this machine.
    pub interpreter: Interpreter,
    /// Tests that were collected when it was built.
    pub tests: usize,
    /// Bytes of its folder that no other environment shares.
    pub own_bytes: u64,
    /// What lay in its folder when it was finished ([`files::outline`]).
    #[serde(default)]
    pub(crate) outline: String,
    /// The harness's files on this machine.
    pub(crate) harness: MountRecord,
}

/// A mount, kept with the environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MountRecord {
    pub(crate) source: PathBuf,
    pub(crate) target: PathBuf,
}

impl Built {
    /// What sandboxes for tests are made of: everything read-only or copy-on-write, no network.
    pub fn spec(&self) -> EnvironmentSpec {
        let mut mounts = interpreter_mounts(&self.interpreter);
        mounts.push(Mount {
            source: self.harness.source.clone(),
            target: self.harness.target.clone(),
            writable: false,
        });
        EnvironmentSpec {
            digest: self.digest.clone(),
            trees: vec![self.venv(), self.testbed()],
            mounts,
            variables: self.recipe.variables.clone(),
            network: Network::None,
            working_directory: TESTBED.into(),
            labels: BTreeMap::new(),
        }
    }

    /// Reads a finished environment's folder; `None` when it is not there or not whole.
    pub(crate) fn read(folder: &Path) -> Option<Self> {
        let text = std::fs::read(folder.join(MANIFEST)).ok()?;
        let mut built: Self = serde_json::from_slice(&text).ok()?;
        folder.clone_into(&mut built.folder);
        let whole = built
            .spec()
            .trees
            .iter()
            .flat_map(|tree| &tree.lower)
            .all(|layer| layer.is_dir());
        let python = built.interpreter.prefix.join(&built.interpreter.program);
        // A crash of the machine may have torn files apart that were there long before.
        let untouched = || files::outline(folder, MANIFEST).is_ok_and(|now| now == built.outline);
        (whole && python.is_file() && untouched()).then_some(built)
    }

    fn venv(&self) -> Tree {
        self.tree(VENV, &[layer::BUILT, layer::DEPENDENCIES])
    }

    fn testbed(&self) -> Tree {
        self.tree(
            TESTBED,
            &[layer::BYTECODE, layer::GENERATED, layer::TESTBED],
        )
    }

    fn tree(&self, target: &str, layers: &[&str]) -> Tree {
        Tree {
            target: target.into(),
            lower: layers.iter().map(|layer| self.folder.join(layer)).collect(),
            upper: Upper::Memory,
        }
    }
}

/// The interpreter's mount, where it is not a part of the system.
pub(crate) fn interpreter_mounts(interpreter: &Interpreter) -> Vec<Mount> {
    if interpreter.is_of_the_system() {
        return Vec::new();
    }
    // Programs and build settings go by the first path, which is the same on every machine; a shared
    // `libpython` is looked for where it was installed.
    let own = interpreter.prefix.clone();
    [PathBuf::from(MOUNTED_PREFIX), own.clone()]
        .map(|target| Mount {
            source: own.clone(),
            target,
            writable: false,
        })
        .into()
}

/// Variables of every command in an environment.
pub(crate) fn variables(interpreter: &Interpreter) -> BTreeMap<String, String> {
    let folder = interpreter.path_inside();
    let python = folder
        .parent()
        .map(|folder| format!(":{}", folder.display()))
        .unwrap_or_default();
    let path = format!("{VENV}/bin{python}:/usr/local/bin:/usr/bin:/bin");
    [
        ("PATH", path.as_str()),
        ("VIRTUAL_ENV", VENV),
        ("HOME", HOME),
        ("LANG", "C.UTF-8"),
        ("TZ", "UTC"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}
