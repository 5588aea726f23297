//! What a repository says about itself, read without running any of it.
//!
//! Each kind of file has a module that adds what it finds to one [`Plan`]. Nothing here fails: a file that
//! cannot be read as what it should be is a note, and its facts are missing.

mod classify;
pub(crate) mod ini;
mod pyproject;
mod requirements;
mod setup_cfg;
mod setup_py;
mod tox;

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

pub use classify::{Purpose, is_development_tool, purpose_of};
pub use requirements::{distribution_name, normalise, without_versions};

/// Requirements that one place of the repository asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Wanted {
    /// Where it is written, such as `tox.ini [testenv] deps`.
    pub origin: String,
    /// What the place says it is for.
    pub purpose: Purpose,
    /// PEP 508 lines.
    pub requirements: Vec<String>,
}

/// Facts for a build, in the repository's own words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// The distribution's name, where it is written down.
    pub distribution: Option<String>,
    /// Specifier sets that the interpreter must satisfy, each from one place.
    pub requires_python: Vec<String>,
    /// `major.minor` versions that the project says it works with.
    pub claimed_pythons: Vec<(u64, u64)>,
    /// What it needs to run, where that is written down statically.
    pub dependencies: Vec<String>,
    /// Whether `dependencies` and `extras` are all there is, so that no backend needs to be asked.
    pub dependencies_are_known: bool,
    /// Whether a backend can and has to be asked what the project needs.
    pub asks_backend: bool,
    /// Extras by their name.
    pub extras: BTreeMap<String, Vec<String>>,
    /// What its tests, its developers or its deployments want, besides extras.
    pub wanted: Vec<Wanted>,
    /// Whether there is something that a build backend can install.
    pub installable: bool,
    /// Extras that its own test runner installs.
    pub tested_extras: Vec<String>,
    /// Command lines that its own test runner runs.
    pub test_commands: Vec<String>,
    /// Environment variables that its own test runner sets.
    pub variables: BTreeMap<String, String>,
    /// What could not be read, and what was decided about it.
    pub notes: Vec<String>,
}

impl Plan {
    /// Reads the tree's declarations.
    pub fn read(tree: &Path) -> Self {
        let mut plan = Self::default();
        pyproject::read(tree, &mut plan);
        setup_cfg::read(tree, &mut plan);
        setup_py::read(tree, &mut plan);
        tox::read(tree, &mut plan);
        requirements::read(tree, &mut plan);
        plan.installable = tree.join("pyproject.toml").is_file() && plan.has_build_metadata(tree)
            || tree.join("setup.py").is_file()
            || tree.join("setup.cfg").is_file() && plan.distribution.is_some();
        plan.asks_backend = plan.installable && !plan.dependencies_are_known;
        plan.claimed_pythons.sort_unstable();
        plan.claimed_pythons.dedup();
        plan
    }

    /// Extras named for tests, or else those named for development.
    pub fn test_extras(&self) -> Vec<&str> {
        let best = self.best_purpose();
        self.extras
            .keys()
            .filter(|name| purpose_of(name) == best || self.tested_extras.contains(name))
            .map(String::as_str)
            .collect()
    }

    /// What the tests want beside extras: from places named for tests, or else for development.
    pub fn test_requirements(&self) -> Vec<String> {
        let best = self.best_purpose();
        let mut lines: Vec<String> = Vec::new();
        for wanted in self.wanted.iter().filter(|wanted| wanted.purpose == best) {
            for line in &wanted.requirements {
                let skip = best == Purpose::Development && is_development_tool(line);
                if !skip && !lines.contains(line) {
                    lines.push(line.clone());
                }
            }
        }
        lines
    }

    /// What places named for running want, for projects whose metadata names no dependency.
    pub fn runtime_requirements(&self) -> Vec<String> {
        let listed = self
            .wanted
            .iter()
            .filter(|wanted| wanted.purpose == Purpose::Runtime);
        let mut lines: Vec<String> = listed
            .flat_map(|wanted| wanted.requirements.clone())
            .collect();
        lines.dedup();
        lines
    }

    /// Every requirement line that the repository mentions anywhere: where a version for a module that turns
    /// out to be missing is looked up first.
    pub fn mentions(&self) -> impl Iterator<Item = &str> {
        self.wanted
            .iter()
            .flat_map(|wanted| &wanted.requirements)
            .chain(self.extras.values().flatten())
            .chain(&self.dependencies)
            .map(String::as_str)
    }

    /// The most fitting purpose that anything is written for.
    fn best_purpose(&self) -> Purpose {
        let extras = self.extras.keys().map(|name| purpose_of(name));
        let places = self.wanted.iter().map(|wanted| wanted.purpose);
        if extras
            .chain(places)
            .any(|purpose| purpose == Purpose::Tests)
        {
            Purpose::Tests
        } else {
            Purpose::Development
        }
    }

    fn has_build_metadata(&self, tree: &Path) -> bool {
        self.distribution.is_some()
            || tree.join("setup.cfg").is_file()
            || pyproject::names_a_build_backend(tree)
    }
}

/// A file's text, when it is a regular file inside the tree of a size that a person would write.
pub(crate) fn text_of(tree: &Path, path: &Path) -> Option<String> {
    const LIMIT: u64 = 4 << 20;
    let path = tree.join(path);
    // A link may lead anywhere on the host.
    let within = path
        .canonicalize()
        .ok()?
        .starts_with(tree.canonicalize().ok()?);
    let size = path
        .metadata()
        .ok()
        .filter(std::fs::Metadata::is_file)?
        .len();
    if !within || size > LIMIT {
        return None;
    }
    let bytes = std::fs::read(path).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    Some(text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned())
}

#[cfg(test)]
mod tests;
