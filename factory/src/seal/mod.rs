//! What an agent is given: the broken repository and nothing that tells how to mend it.
//!
//! [`seal`] makes a place like the environment that an instance was proven in, but whose layers never held the
//! original: the repository's folder is written anew with the break in it and, where asked, without the tests
//! that will judge the repair, and becomes a git repository of one commit; copies in the installed packages are
//! broken alike. Reading order: [`view`] reads layers as a sandbox sees them, `place` writes the folder,
//! `venv` looks after installed copies; [`node_id`], `python`, `suite` and `hide` take tests out one by one.
//!
//! ```no_run
//! # async fn example(machine: &swemill::machine::Machine, instance: swemill_store::instances::Instance) -> anyhow::Result<()> {
//! use swemill::seal::{Options, seal};
//!
//! let sealed = seal(machine, &instance, &Options::default()).await?;
//! let sandbox = sealed.start(machine.backend(), &machine.settings.test_limits()).await?;
//! // The agent works in `sandbox`; what it submits is `git diff` of /testbed.
//! sandbox.stop().await?;
//! # Ok(())
//! # }
//! ```

mod hide;
pub mod node_id;
mod place;
mod python;
mod suite;
mod tests_of;
mod venv;
pub mod view;

use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use swemill_agent::patch::Untouched;
use swemill_environment::VENV;
use swemill_sandbox::{Backend, Environment, Limits, Mount, Sandbox, Tree, Upper};
use swemill_store::instances::Instance;

use crate::breakage::Breakage;
use crate::failure::StageError;
use crate::machine::{Loaded, Machine};
use crate::staging::{self, Staging};

pub(crate) use python::parser;
pub use tests_of::Left;

/// How a place is sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Take the tests of `FAIL_TO_PASS` out of the repository.
    pub hide_tests: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { hide_tests: true }
    }
}

/// A sealed place. Its folder goes when this is dropped; sandboxes must have ended by then.
#[derive(Debug)]
pub struct Sealed {
    /// What sandboxes are started from.
    pub environment: Environment,
    /// What is to be known of it.
    pub report: Report,
    /// What attempts have found out about its repository.
    pub(crate) untouched: Untouched,
    folder: Staging,
}

/// What sealing did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The one commit of the agent's repository.
    pub commit: String,
    /// Ids of `FAIL_TO_PASS` that are no longer written down.
    pub hidden: Vec<String>,
    /// Ids of `FAIL_TO_PASS` that could not be taken out, with the reason.
    pub left: Vec<Left>,
    /// Files of the repository itself that hold the original text of the break elsewhere. They are its own and
    /// stay as they are.
    pub copies: Vec<String>,
    /// Installed files that held the original text and were broken alike.
    pub shadowed: Vec<String>,
}

impl Sealed {
    /// Starts the place that an agent gets.
    pub async fn start(
        &self,
        backend: &dyn Backend,
        limits: &Limits,
    ) -> Result<Box<dyn Sandbox>, StageError> {
        Ok(backend.start(&self.environment, limits).await?)
    }

    /// The agent's repository, on the host.
    pub fn testbed(&self) -> PathBuf {
        self.folder.path().join(TESTBED_LAYER)
    }
}

const TESTBED_LAYER: &str = "testbed";
const VENV_LAYER: &str = "venv";

/// Makes the place for an agent that is to repair an instance.
pub async fn seal(
    machine: &Machine,
    instance: &Instance,
    options: &Options,
) -> Result<Sealed, StageError> {
    let loaded = machine.environment(instance.environment_id).await?;
    let parent = machine.settings.home.join("sealed");
    let (asked, known, choice) = (instance.clone(), loaded.clone(), options.clone());
    let made = tokio::task::spawn_blocking(move || make(&parent, &known, &asked, &choice));
    let (folder, report) = made
        .await
        .map_err(|error| StageError::infra(format!("sealing broke off: {error}")))??;
    for layer in [TESTBED_LAYER, VENV_LAYER] {
        machine.backend().adopt(&folder.path().join(layer)).await?;
    }
    let mut spec = (*loaded.environment.spec).clone();
    spec.digest = digest(&spec.digest, instance, options);
    for tree in &mut spec.trees {
        if tree.target == loaded.testbed {
            *tree = Tree {
                target: tree.target.clone(),
                lower: vec![folder.path().join(TESTBED_LAYER)],
                upper: Upper::Memory,
            };
        } else if tree.target == Path::new(VENV) && !report.shadowed.is_empty() {
            tree.lower.insert(0, folder.path().join(VENV_LAYER));
        }
    }
    // The harness is for whoever judges, and agents run pytest as it is.
    spec.mounts
        .retain(|mount| mount.target != swemill_harness::plugin::folder());
    if machine.backend().name() == "native" {
        spec.mounts
            .extend(hidden_folders(&folder, &loaded, instance)?);
    }
    let environment = machine.backend().prepare(&spec).await?;
    Ok(Sealed {
        environment,
        report,
        untouched: Untouched::default(),
        folder,
    })
}

fn make(
    parent: &Path,
    loaded: &Loaded,
    instance: &Instance,
    options: &Options,
) -> Result<(Staging, Report), StageError> {
    let failed = |error: std::io::Error| {
        StageError::infra(format!("cannot seal in {}: {error}", parent.display()))
    };
    std::fs::create_dir_all(parent).map_err(failed)?;
    staging::reap(parent);
    let folder = Staging::new(parent).map_err(failed)?;
    let breakage = Breakage::of(loaded, &instance.patch)?;
    let view = loaded.view()?;
    let mut report = Report::default();
    let mut changed = breakage.files();
    if options.hide_tests {
        let hiding = tests_of::hide(&view, &changed, instance, loaded).map_err(failed)?;
        changed.extend(hiding.files);
        report.hidden = hiding.hidden;
        report.left = hiding.left;
    }
    let testbed = folder.path().join(TESTBED_LAYER);
    report.copies = place::write(&view, &changed, &breakage, &testbed).map_err(failed)?;
    report.commit = swemill_source::write_repository(&testbed)
        .map_err(|error| StageError::infra(error.to_string()))?;
    let layer = folder.path().join(VENV_LAYER);
    std::fs::create_dir_all(&layer).map_err(failed)?;
    if let Some(venv) = view::View::of(&loaded.environment.spec, Path::new(VENV)) {
        report.shadowed = venv::shadow(&venv, &breakage, &layer).map_err(failed)?;
    }
    Ok((folder, report))
}

fn digest(environment: &str, instance: &Instance, options: &Options) -> String {
    let mut hasher = Sha256::new();
    let told = serde_json::json!([
        environment,
        instance.patch,
        instance.fail_to_pass,
        options.hide_tests,
        env!("CARGO_PKG_VERSION"),
    ]);
    hasher.update(told.to_string());
    hex::encode(hasher.finalize())
}

/// The host's own Python packages can be seen in native sandboxes. Folders of them that hold a file of the name
/// that is broken are covered by an empty one.
fn hidden_folders(
    folder: &Staging,
    loaded: &Loaded,
    instance: &Instance,
) -> Result<Vec<Mount>, StageError> {
    let breakage = Breakage::of(loaded, &instance.patch)?;
    let empty = folder.path().join("empty");
    let mut mounts = Vec::new();
    for packages in venv::folders_of_the_host() {
        if breakage
            .names()
            .iter()
            .any(|name| packages.join(name).exists())
        {
            std::fs::create_dir_all(&empty)
                .map_err(|error| StageError::infra(format!("cannot seal: {error}")))?;
            mounts.push(Mount {
                source: empty.clone(),
                target: packages,
                writable: false,
            });
        }
    }
    Ok(mounts)
}
