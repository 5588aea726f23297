//! Looking for interpreters: the search path, the system, pyenv, uv's own.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::process::Command;

use super::Interpreter;

/// What an interpreter says of itself.
#[derive(Deserialize)]
struct Answer {
    implementation: String,
    version: (u64, u64, u64),
    prefix: PathBuf,
}

const QUESTION: &str = "import json, sys; print(json.dumps({'implementation': sys.implementation.name, \
    'version': sys.version_info[:3], 'prefix': getattr(sys, 'base_prefix', sys.prefix)}))";

/// Every usable interpreter of version 3 on this machine, the newest first; one a release and prefix.
///
/// Only the interpreters themselves run here, isolated from any site-packages.
pub async fn find() -> Vec<Interpreter> {
    let mut found: Vec<Interpreter> = Vec::new();
    for program in programs() {
        let Some(answer) = ask(&program).await else {
            continue;
        };
        let Ok(prefix) = answer.prefix.canonicalize() else {
            continue;
        };
        let (major, minor, _) = answer.version;
        let program = ["bin", "local/bin"]
            .iter()
            .map(|folder| PathBuf::from(format!("{folder}/python{major}.{minor}")))
            .find(|program| prefix.join(program).is_file());
        let Some(program) = program else {
            continue;
        };
        let interpreter = Interpreter {
            implementation: answer.implementation,
            version: answer.version,
            prefix,
            program,
        };
        if !found.contains(&interpreter) {
            found.push(interpreter);
        }
    }
    // The system's own come first among equals: they cost no mount.
    found.sort_by(|a, b| (b.version, &a.prefix).cmp(&(a.version, &b.prefix)));
    found
}

/// Programs named `python3.N` at the places where interpreters are installed.
fn programs() -> BTreeSet<PathBuf> {
    let mut folders: Vec<PathBuf> = vec!["/usr/bin".into(), "/usr/local/bin".into()];
    folders.extend(
        std::env::var_os("PATH")
            .iter()
            .flat_map(std::env::split_paths),
    );
    let home = std::env::var_os("HOME")
        .map(PathBuf::from)
        .unwrap_or_default();
    let pyenv = std::env::var_os("PYENV_ROOT").map_or_else(|| home.join(".pyenv"), PathBuf::from);
    let uv = std::env::var_os("UV_PYTHON_INSTALL_DIR")
        .map_or_else(|| home.join(".local/share/uv/python"), PathBuf::from);
    for parent in [
        pyenv.join("versions"),
        uv,
        "/opt/python".into(),
        "/opt".into(),
    ] {
        let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
        folders.extend(entries.map(|entry| entry.path().join("bin")));
    }
    let mut programs = BTreeSet::new();
    for folder in folders {
        // A shim is a script that starts one of the interpreters found at their own places.
        if folder.ends_with("shims") {
            continue;
        }
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let minor = name.to_str().and_then(|name| name.strip_prefix("python3."));
            if minor.is_some_and(|minor| minor.parse::<u64>().is_ok()) {
                programs.insert(entry.path());
            }
        }
    }
    programs
}

async fn ask(program: &Path) -> Option<Answer> {
    let mut command = Command::new(program);
    command.args(["-I", "-S", "-c", QUESTION]);
    command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let output = tokio::time::timeout(Duration::from_secs(10), command.output())
        .await
        .ok()?
        .ok()?;
    serde_json::from_slice(&output.stdout).ok()
}
