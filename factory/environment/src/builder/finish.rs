//! Turning a trial's folder into a kept environment.

use std::fs;
use std::path::Path;

use swemill_sandbox::{Command, EnvironmentSpec, Network, Upper};

use super::Builder;
use super::attempt::Outcome;
use super::trial::Trial;
use crate::built::{Built, MANIFEST, VENV, interpreter_mounts, layer, variables};
use crate::error::{BuildFailure, Result, Step};
use crate::files;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::project::Project;
use crate::workshop;

impl Builder {
    /// Adds bytecode, writes the manifest, and moves the folder to its place.
    pub(super) async fn finish(
        &self,
        outcome: Outcome,
        project: &Project,
        progress: Progress<'_>,
    ) -> Result<Built> {
        progress(Step::Keep);
        let digest = outcome.recipe.digest(&project.tree_digest);
        if let Some(built) = self.kept(&digest) {
            return Ok(built);
        }
        self.compile_dependencies(&outcome).await?;
        let plan = Plan::default();
        let trial = Trial {
            builder: self,
            progress,
            site: &outcome.site,
            interpreter: &outcome.interpreter,
            plan: &plan,
        };
        trial.collect_for_bytecode(&outcome.recipe).await?;
        let mut built = Built {
            digest: digest.clone(),
            folder: self.environments().join(&digest),
            recipe: outcome.recipe,
            interpreter: outcome.interpreter,
            tests: outcome.collected,
            own_bytes: 0,
            outline: String::new(),
            harness: self.harness()?,
        };
        let site = outcome.site;
        let io = |error| BuildFailure::io(Step::Keep, "keeping the environment", &error);
        let keep = move || {
            tidy(site.path())?;
            built.own_bytes = files::own_size(site.path());
            built.outline = files::outline(site.path(), MANIFEST)?;
            let manifest = serde_json::to_vec_pretty(&built).map_err(std::io::Error::other)?;
            fs::write(site.path().join(MANIFEST), manifest)?;
            place(&site.keep(), &built.folder)?;
            Ok(built)
        };
        tokio::task::spawn_blocking(keep)
            .await
            .map_err(std::io::Error::other)
            .flatten()
            .map_err(io)
    }

    /// Makes the repository's files a git repository of one commit that tells nothing, as tools and tests that
    /// ask git expect. Only once everything is installed: build backends were told the version, and would read
    /// another one from it.
    pub(super) async fn commit(&self, site: &Path) -> Result<()> {
        let testbed = site.join(layer::TESTBED);
        let tree = testbed.clone();
        tokio::task::spawn_blocking(move || swemill_source::write_repository(&tree))
            .await
            .map_err(std::io::Error::other)
            .and_then(|written| written.map_err(std::io::Error::other))
            .map_err(|error| {
                BuildFailure::io(Step::Keep, "committing the repository's files", &error)
            })?;
        let git = testbed.join(".git");
        self.backend
            .adopt(&git)
            .await
            .map_err(|error| BuildFailure::sandbox(Step::Keep, &error))
    }

    /// Compiles what is installed, without running any of it: neither `.pth` files nor `sitecustomize`.
    async fn compile_dependencies(&self, outcome: &Outcome) -> Result<()> {
        let packages = self.packages().await?;
        let workshop = self.workshop(&outcome.interpreter, &packages).await?;
        let site = outcome.site.path();
        let built = Upper::Folder(site.join(layer::BUILT));
        let spec = EnvironmentSpec {
            digest: "compile".into(),
            trees: vec![workshop::venv(vec![site.join(layer::DEPENDENCIES)], built)],
            mounts: interpreter_mounts(&outcome.interpreter),
            variables: variables(&outcome.interpreter),
            network: Network::None,
            working_directory: "/tmp".into(),
            labels: std::collections::BTreeMap::new(),
        };
        let room = workshop
            .start(Step::Keep, &spec, vec![site.join(layer::BUILT)])
            .await?;
        let python = outcome.interpreter.path_inside().display().to_string();
        let folder = format!("{VENV}/lib");
        // Files that are no Python of this version are left uncompiled; that is no failure.
        room.run(Command::new([
            &python,
            "-I",
            "-S",
            "-m",
            "compileall",
            "-q",
            "-j",
            "0",
            &folder,
        ]))
        .await?;
        room.close().await
    }
}

/// Takes from the layers what no test needs.
fn tidy(site: &Path) -> std::io::Result<()> {
    files::retain(&site.join(layer::BYTECODE), |path| {
        path.extension().is_some_and(|extension| extension == "pyc")
            && path
                .parent()
                .is_some_and(|folder| folder.ends_with("__pycache__"))
    })?;
    // A backend's scratch folder holds copies of the repository's files.
    let scratch = site.join(layer::GENERATED).join("build");
    if scratch.is_dir() && !site.join(layer::TESTBED).join("build").exists() {
        fs::remove_dir_all(scratch)?;
    }
    Ok(())
}

/// Moves a whole folder to its name. One that is there already was made by someone faster, from the same.
fn place(site: &Path, folder: &Path) -> std::io::Result<()> {
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent)?;
    }
    if folder.exists() && Built::read(folder).is_none() {
        fs::remove_dir_all(folder)?;
    }
    match fs::rename(site, folder) {
        Ok(()) => Ok(()),
        Err(_) if Built::read(folder).is_some() => fs::remove_dir_all(site),
        Err(error) => {
            fs::remove_dir_all(site)?;
            Err(error)
        }
    }
}
