//! uv, the program that resolves and installs: found on this machine, or fetched from the package index.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::error::{BuildFailure, Result, Step};

/// uv on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tool {
    /// The program.
    pub program: PathBuf,
    /// Its release.
    pub version: String,
}

impl Tool {
    /// Looks on the search path, then in the data folder.
    pub(crate) async fn find(tools: &Path) -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut places: Vec<PathBuf> = std::env::split_paths(&path)
            .map(|folder| folder.join("uv"))
            .collect();
        places.push(tools.join("uv"));
        for place in places {
            // A link may lead to a program that looks for its own neighbours.
            if let Some(tool) = Self::ask(&place).await {
                return Some(tool);
            }
        }
        None
    }

    /// The tool at a path, if it works.
    pub(crate) async fn ask(program: &Path) -> Option<Self> {
        let program = program
            .canonicalize()
            .ok()
            .filter(|program| program.is_file())?;
        let output = Command::new(&program)
            .arg("--version")
            .kill_on_drop(true)
            .output()
            .await
            .ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let version = text
            .strip_prefix("uv ")?
            .split_whitespace()
            .next()?
            .to_owned();
        Some(Self { program, version })
    }

    /// What to say when there is none.
    pub(crate) fn missing(reason: &str) -> BuildFailure {
        BuildFailure::infra(
            Step::Tool,
            format!("uv is not on the search path and could not be fetched: {reason}"),
            "install uv (`pip install uv`), or make the package index reachable",
        )
    }
}

/// Finds uv, or fetches it.
pub(crate) async fn find_or_fetch(tools: &Path) -> Result<Tool> {
    if let Some(tool) = Tool::find(tools).await {
        return Ok(tool);
    }
    Err(Tool::missing("fetching is not possible"))
}
