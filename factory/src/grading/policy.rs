//! Which files a submission may change.
//!
//! A submission may change the repository's own source and add to it. What decides how its tests run, or what its
//! source is imported instead of, is not source.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use swemill_environment::{TESTBED, VENV};

use crate::breakage::Breakage;
use crate::failure::StageError;
use crate::machine::Loaded;
use crate::seal::node_id::{file_of, is_doctest};
use crate::seal::view::{Entry, View};

/// Names of the standard library's modules, in any Python that is supported.
const STANDARD_LIBRARY: &str = include_str!("standard_library.txt");

/// Bytes of one file after the change.
pub(crate) const MOST_FILE_BYTES: usize = 4 << 20;
/// Bytes of a path, and of one name in it, as Linux allows them.
const MOST_PATH_BYTES: usize = 1024;
const MOST_NAME_BYTES: usize = 255;

/// Why a file of a submission is not applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Absolute, empty, with `..`, control characters or too long.
    Path,
    /// In git's own folder.
    Git,
    /// A file of the tests.
    Tests,
    /// Configuration of tests, of the interpreter or of tools around them.
    Configuration,
    /// It would be imported instead of a module of Python or of an installed package.
    Shadows,
    /// Bytecode, an extension module, a package's metadata.
    Compiled,
    /// A symbolic link, or a path through one.
    Link,
    /// A submodule.
    Submodule,
    /// A change of a file's rights; its content is applied.
    Mode,
    /// Content that is not shown as lines.
    Binary,
    /// Larger than a source file may be.
    Size,
}

/// The rules of one instance.
#[derive(Debug)]
pub struct Policy {
    tree: PathBuf,
    view: View,
    /// Files that hold tests of the baseline.
    test_files: BTreeSet<String>,
    /// Files of the break: a repair has to change them, whatever they look like.
    broken: BTreeSet<String>,
    /// Modules that are there already: of Python and of installed packages.
    modules: BTreeSet<String>,
    /// Folders of the repository that are on the search path, without the root.
    search_path: Vec<String>,
}

impl Policy {
    /// The rules of an instance in its environment.
    pub fn of(loaded: &Loaded, breakage: &Breakage) -> Result<Self, StageError> {
        let ids = loaded.baseline.tests.keys();
        let python_tests = ids.filter(|id| !is_doctest(id)).map(|id| file_of(id));
        let mut modules: BTreeSet<String> = STANDARD_LIBRARY.lines().map(str::to_owned).collect();
        modules.extend(installed_modules(loaded));
        Ok(Self {
            tree: loaded.tree.clone(),
            view: loaded.view()?,
            test_files: python_tests.map(str::to_owned).collect(),
            broken: breakage.files().into_keys().collect(),
            modules,
            search_path: search_path(loaded),
        })
    }

    /// Why a path may not be changed, created or deleted; `None` when it may.
    pub fn refusal(&self, path: &str) -> Option<Refusal> {
        if !is_sound(path) {
            return Some(Refusal::Path);
        }
        if path.split('/').any(is_git) {
            return Some(Refusal::Git);
        }
        if self.goes_through_link(path) {
            return Some(Refusal::Link);
        }
        if self.broken.contains(path) {
            return None;
        }
        let name = path.rsplit('/').next().unwrap_or(path);
        if is_configuration(name) {
            return Some(Refusal::Configuration);
        }
        if is_compiled(path) {
            return Some(Refusal::Compiled);
        }
        if self.test_files.contains(path) || swemill_mutation::is_test_path(&self.tree, path) {
            return Some(Refusal::Tests);
        }
        self.shadows(path).then_some(Refusal::Shadows)
    }

    fn goes_through_link(&self, path: &str) -> bool {
        let ends = path
            .match_indices('/')
            .map(|(at, _)| at)
            .chain([path.len()]);
        ends.into_iter()
            .any(|end| matches!(self.view.entry(&path[..end]), Some(Entry::Link(_))))
    }

    /// Whether a new file would bear the top-level name of a module that is there already, in a folder that is,
    /// or by `sys.path` tricks of test runners may be, on the search path: every folder that is no package.
    fn shadows(&self, path: &str) -> bool {
        let parts: Vec<&str> = path.split('/').collect();
        (0..parts.len()).any(|at| {
            let (folder, name) = (parts[..at].join("/"), parts[at]);
            let whole = parts[..=at].join("/");
            let is_file = at + 1 == parts.len();
            let module = match name.strip_suffix(".py").or(name.strip_suffix(".pyi")) {
                Some(stem) if is_file => stem,
                _ if is_file => return false,
                _ => name,
            };
            let in_package = (1..=at).any(|end| {
                let init = format!("{}/__init__.py", parts[..end].join("/"));
                self.view.entry(&init).is_some()
            });
            let on_path = folder.is_empty() || self.search_path.contains(&folder) || !in_package;
            on_path && self.modules.contains(module) && self.view.entry(&whole).is_none()
        })
    }
}

fn is_sound(path: &str) -> bool {
    path.len() <= MOST_PATH_BYTES
        && !path.contains(|c: char| c.is_control() || c == '\\')
        && path.split('/').all(|part| {
            !part.is_empty() && part != "." && part != ".." && part.len() <= MOST_NAME_BYTES
        })
}

/// `.git` and what file systems elsewhere take for it, and git's own configuration.
fn is_git(part: &str) -> bool {
    let bare = part.trim_end_matches(['.', ' ']).to_lowercase();
    matches!(
        bare.as_str(),
        ".git" | "git~1" | ".gitmodules" | ".gitattributes"
    )
}

fn is_configuration(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "conftest.py",
        "pytest.ini",
        ".pytest.ini",
        "pytest.toml",
        ".pytest.toml",
        "pyproject.toml",
        "setup.cfg",
        "setup.py",
        "tox.ini",
        "tox.toml",
        "toxfile.py",
        "noxfile.py",
        "sitecustomize.py",
        "usercustomize.py",
        ".coveragerc",
        "pyvenv.cfg",
        "nose.cfg",
        ".noserc",
        "unittest.cfg",
        "manage.py",
        "runtests.py",
    ];
    let name = name.to_lowercase();
    NAMES.contains(&name.as_str())
        || matches!(name.as_str(), "sitecustomize" | "usercustomize")
        || [".pth", ".egg-link", "._pth"]
            .iter()
            .any(|ending| name.ends_with(ending))
}

fn is_compiled(path: &str) -> bool {
    let metadata = |part: &str| {
        let part = part.to_lowercase();
        part == "__pycache__"
            || [".egg-info", ".dist-info", ".egg"]
                .iter()
                .any(|ending| part.ends_with(ending))
    };
    let name = path.to_lowercase();
    path.split('/').any(metadata)
        || [".pyc", ".pyo", ".pyd", ".so", ".dll", ".dylib", ".whl"]
            .iter()
            .any(|ending| name.ends_with(ending))
}

/// The top-level modules of installed packages.
fn installed_modules(loaded: &Loaded) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let trees = &loaded.environment.spec.trees;
    let layers = trees
        .iter()
        .filter(|tree| tree.target == Path::new(VENV))
        .flat_map(|tree| &tree.lower);
    let folders = |place: PathBuf| std::fs::read_dir(place).into_iter().flatten().flatten();
    for layer in layers {
        for version in folders(layer.join("lib")) {
            for item in folders(version.path().join("site-packages")) {
                let name = item.file_name().to_string_lossy().into_owned();
                let module = name.split('.').next().unwrap_or_default();
                let ending = Path::new(&name).extension().unwrap_or_default();
                let is_module = item.path().is_dir() || ending == "py" || ending == "so";
                if is_module && !name.contains('-') && !module.is_empty() && module != "__pycache__"
                {
                    found.insert(module.to_owned());
                }
            }
        }
    }
    found
}

fn search_path(loaded: &Loaded) -> Vec<String> {
    let spec = &loaded.environment.spec.variables;
    let own = &loaded.command.variables;
    let values = [spec.get("PYTHONPATH"), own.get("PYTHONPATH")];
    values
        .into_iter()
        .flatten()
        .flat_map(|value| value.split(':'))
        .filter_map(|folder| folder.strip_prefix(TESTBED))
        .map(|folder| folder.trim_matches('/').to_owned())
        .collect()
}

#[cfg(test)]
impl Policy {
    /// Rules for a folder of source only.
    pub(super) fn of_folder(folder: &Path) -> Self {
        Self {
            tree: folder.to_owned(),
            view: View::over(vec![folder.to_owned()]),
            test_files: BTreeSet::new(),
            broken: BTreeSet::new(),
            modules: BTreeSet::new(),
            search_path: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(folder: &Path) -> Policy {
        let write = |name: &str, text: &str| {
            let place = folder.join(name);
            std::fs::create_dir_all(place.parent().unwrap()).unwrap();
            std::fs::write(place, text).unwrap();
        };
        write("pkg/__init__.py", "");
        write("pkg/testing/helpers.py", "x = 1\n");
        write("pkg/conf.py", "x = 1\n");
        write("tests/test_a.py", "def test_a():\n    pass\n");
        write("tests/data.txt", "x");
        write("checks.py", "def test_b():\n    pass\n");
        std::os::unix::fs::symlink("/etc", folder.join("etc")).unwrap();
        Policy {
            test_files: ["checks.py".to_owned()].into(),
            broken: ["setup.py".to_owned()].into(),
            modules: ["random", "pytest", "_pytest", "json"]
                .map(str::to_owned)
                .into(),
            ..Policy::of_folder(folder)
        }
    }

    #[test]
    fn source_is_allowed_wherever_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let policy = policy(folder.path());
        for path in [
            "pkg/conf.py",
            "pkg/new.py",
            "pkg/new/__init__.py",
            "pkg/testing/helpers.py",
            "pkg/random.py",
            "pkg/data.json",
            "README.md",
            "setup.py",
            "json.md",
        ] {
            assert_eq!(policy.refusal(path), None, "{path}");
        }
    }

    #[test]
    fn what_steers_tests_or_stands_in_for_modules_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let policy = policy(folder.path());
        for (refusal, paths) in [
            (
                Refusal::Path,
                &[
                    "/etc/passwd",
                    "a/../b.py",
                    "",
                    "a//b",
                    "a\nb",
                    "./a",
                    "a\\b",
                ][..],
            ),
            (
                Refusal::Git,
                &[".git/config", "a/.GIT/hooks/x", ".gitattributes", "git~1/x"],
            ),
            (
                Refusal::Tests,
                &[
                    "tests/test_a.py",
                    "tests/new.py",
                    "tests/data.txt",
                    "checks.py",
                    "test_new.py",
                ],
            ),
            (
                Refusal::Configuration,
                &[
                    "conftest.py",
                    "pkg/conftest.py",
                    "pytest.ini",
                    "pyproject.toml",
                    "setup.cfg",
                    "tox.ini",
                    "sitecustomize.py",
                    "pkg/x.pth",
                    "PYTEST.INI",
                    ".coveragerc",
                ],
            ),
            (
                Refusal::Compiled,
                &[
                    "pkg/__pycache__/conf.cpython-312.pyc",
                    "pkg/x.so",
                    "a.egg-info/entry_points.txt",
                ],
            ),
            (
                Refusal::Shadows,
                &[
                    "random.py",
                    "pytest.py",
                    "_pytest/runner.py",
                    "pytest/__init__.py",
                    "docs/json.py",
                ],
            ),
            (Refusal::Link, &["etc", "etc/x.py"]),
        ] {
            for path in paths {
                assert_eq!(policy.refusal(path), Some(refusal), "{path}");
            }
        }
    }
}
