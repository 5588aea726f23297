//! Whether what tests import is what lies in the repository.

use std::collections::BTreeMap;

use serde::Deserialize;
use swemill_sandbox::Command;

use crate::built::{TESTBED, VENV};
use crate::error::{BuildFailure, Result, Step};
use crate::words::gist;
use crate::workshop::Room;

/// Where the repository's own packages come from when they are imported.
#[derive(Debug, Deserialize)]
struct Answer {
    /// Top-level packages and modules by their folder in the repository, `.` for the root.
    own: BTreeMap<String, String>,
    /// Where the interpreter finds each, if it does.
    found: BTreeMap<String, Option<String>>,
}

/// Folders of the repository that have to be on the search path, in order.
///
/// A package that is found outside of the repository would make every change to the repository's files
/// invisible to its tests, so its folder is put before everything else.
pub(crate) async fn search_path(room: &Room) -> Result<Vec<String>> {
    let answer = ask(room, &[]).await?;
    let mut folders: Vec<String> = Vec::new();
    for (name, folder) in &answer.own {
        let path = if folder == "." {
            TESTBED.to_owned()
        } else {
            format!("{TESTBED}/{folder}")
        };
        let found = answer.found.get(name).cloned().flatten();
        let is_own = found.is_some_and(|found| found.starts_with(&format!("{TESTBED}/")));
        if !is_own && !folders.contains(&path) {
            folders.push(path);
        }
    }
    if folders.is_empty() {
        return Ok(folders);
    }
    let again = ask(room, &folders).await?;
    for name in again.own.keys() {
        match again.found.get(name).cloned().flatten() {
            // Frozen and built-in modules have no place; a script that bears such a name is not imported.
            Some(found) if found.starts_with('/') && !found.starts_with(&format!("{TESTBED}/")) => {
                return Err(BuildFailure::environment(
                    Step::Project,
                    format!(
                        "the package `{name}` is imported from {found}, not from the repository"
                    ),
                    "the repository's package has the name of one that Python or a dependency brings; it cannot be \
                     tested in place",
                ));
            }
            _ => {}
        }
    }
    Ok(folders)
}

async fn ask(room: &Room, path: &[String]) -> Result<Answer> {
    let command = Command::new([format!("{VENV}/bin/python").as_str(), "-"])
        .stdin(QUESTION)
        .variable("PYTHONPATH", path.join(":"))
        .working_directory("/tmp");
    let done = room.run(command).await?;
    let line = done.stdout.lines().last().unwrap_or_default();
    serde_json::from_str(line).map_err(|_| {
        BuildFailure::environment(
            Step::Project,
            format!("the interpreter does not start in the environment: {}", gist(&done.text())),
            "a dependency changes the interpreter's start (`.pth`, `sitecustomize`) in a way that does not work",
        )
        .with_log(&done.text())
    })
}

/// Runs inside. A folder is a package of the project when it holds `__init__.py` and is not about tests, docs or
/// the like; below `src` and `lib` any is.
const QUESTION: &str = r#"
import importlib.machinery, json, os, sys
root = "/testbed"
sys.path[:] = [path for path in sys.path if path not in ("", "/tmp")]
# Editable installs bring finders of their own that start-up has put in place.
aside = {"test", "tests", "testing", "doc", "docs", "example", "examples", "benchmark", "benchmarks", "tools",
         "scripts", "build", "dist", "setup", "conftest", "noxfile", "tasks", "fabfile", "ci", "bin", "utils",
         "manage", "versioneer", "ez_setup", "bootstrap", "runtests", "contrib", "demo", "demos", "samples"}
own = {}
def look(folder):
    path = os.path.join(root, folder)
    for name in sorted(os.listdir(path)) if os.path.isdir(path) else []:
        full = os.path.join(path, name)
        stem = name[:-3] if name.endswith(".py") else name
        is_package = os.path.isfile(os.path.join(full, "__init__.py"))
        is_module = name.endswith(".py") and os.path.isfile(full)
        if not stem.isidentifier() or not (is_package or is_module) or stem in own:
            continue
        if folder == "." and (stem.lower() in aside or stem.startswith(("test_", "_", "run", "make", "gen"))):
            continue
        if stem.endswith(("_test", "_tests")) or (is_module and folder == "." and (
                stem in sys.builtin_module_names or stem.startswith("setup"))):
            continue
        own[stem] = folder
for folder in ("src", "lib"):
    if not os.path.isfile(os.path.join(root, folder, "__init__.py")):
        look(folder)
look(".")
found = {}
for name in own:
    spec = None
    for finder in sys.meta_path:
        try:
            spec = finder.find_spec(name, None)
        except Exception:
            spec = None
        if spec is not None:
            break
    place = None
    if spec is not None:
        place = spec.origin if spec.origin not in (None, "namespace") else next(iter(spec.submodule_search_locations or []), None)
    found[name] = place
print(json.dumps({"own": own, "found": found}))
"#;
