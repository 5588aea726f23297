//! Finding the files of a folder that are the package's own source.
//!
//! The walk is sorted and follows no links. What is left alone: tests ([`tests`]), tooling, documentation
//! and vendored code ([`layout`]), and files that cannot be worked on ([`read`]).

mod layout;
mod read;
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

use crate::summary::{Skipped, Summary};
pub(crate) use read::read;

/// A Python file of the package itself.
#[derive(Clone, Debug)]
pub(crate) struct SourceFile {
    pub(crate) on_disk: PathBuf,
    /// Below the root, with `/`.
    pub(crate) path: String,
    pub(crate) bytes: u64,
}

/// Finds the files to mutate, in order of their paths, and counts the others in the summary.
pub(crate) fn discover(root: &Path, summary: &mut Summary) -> std::io::Result<Vec<SourceFile>> {
    let mut walk = Walk {
        found: Vec::new(),
        summary,
    };
    let entries = Entries::of(root)?;
    walk.folder(&entries, &Place::root());
    let mut found = walk.found;
    found.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(found)
}

/// The files of a folder that candidates may change: paths below it, in order.
pub fn source_files(root: &Path) -> std::io::Result<Vec<String>> {
    let found = discover(root, &mut Summary::default())?;
    Ok(found.into_iter().map(|file| file.path).collect())
}

/// Whether a path below the root belongs to the repository's tests, as the walk tells them from its source: a
/// `conftest.py`, a file named and written like tests, anything in a folder of tests. The file need not exist; one
/// in a package that does not is taken for source, since what it would hold is not known.
pub fn is_test_path(root: &Path, path: &str) -> bool {
    let mut folder = root.to_owned();
    let mut in_package = false;
    let mut parts = path.split('/').peekable();
    while let Some(name) = parts.next() {
        let at_root = folder == root;
        folder.push(name);
        if parts.peek().is_none() {
            let is_python = Path::new(name)
                .extension()
                .is_some_and(|extension| extension == "py");
            let is_named = is_python && tests::is_test_name(name);
            return name == "conftest.py"
                || (is_named && (!in_package || tests::is_test_file(&folder)));
        }
        if layout::is_test_folder(name) && (at_root || tests::holds_tests(&folder)) {
            return true;
        }
        in_package |= folder.join("__init__.py").is_file();
    }
    false
}

/// Where the walk is.
#[derive(Clone, Debug)]
struct Place {
    /// The path so far, empty or with a `/` at its end.
    prefix: String,
    in_package: bool,
    /// Why everything here is left alone, if it is.
    skipped: Option<Skipped>,
}

impl Place {
    fn root() -> Self {
        Self {
            prefix: String::new(),
            in_package: false,
            skipped: None,
        }
    }

    fn is_root(&self) -> bool {
        self.prefix.is_empty()
    }
}

/// What a folder holds, sorted by name; links are left out.
struct Entries {
    folders: Vec<(String, PathBuf)>,
    files: Vec<(String, PathBuf, u64)>,
    unnameable: usize,
}

impl Entries {
    fn of(folder: &Path) -> std::io::Result<Self> {
        let mut entries = Self {
            folders: Vec::new(),
            files: Vec::new(),
            unnameable: 0,
        };
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let Ok(metadata) = entry.metadata() else {
                continue;
            };
            let is_python = Path::new(&entry.file_name())
                .extension()
                .is_some_and(|extension| extension == "py");
            let Ok(name) = entry.file_name().into_string() else {
                entries.unnameable += usize::from(metadata.is_file() && is_python);
                continue;
            };
            if metadata.is_dir() {
                entries.folders.push((name, entry.path()));
            } else if metadata.is_file() && is_python {
                entries.files.push((name, entry.path(), metadata.len()));
            }
        }
        entries.folders.sort();
        entries.files.sort();
        Ok(entries)
    }

    fn has_file(&self, name: &str) -> bool {
        self.files.iter().any(|(file, ..)| file == name)
    }
}

struct Walk<'s> {
    found: Vec<SourceFile>,
    summary: &'s mut Summary,
}

impl Walk<'_> {
    fn folder(&mut self, entries: &Entries, place: &Place) {
        let is_package = entries.has_file("__init__.py") && !place.is_root();
        let here = Place {
            in_package: place.in_package || is_package,
            ..place.clone()
        };
        if entries.unnameable > 0 {
            *self.summary.skipped.entry(Skipped::Unnameable).or_default() += entries.unnameable;
            self.summary.files += entries.unnameable;
        }
        for (name, path, bytes) in &entries.files {
            self.file(name, path, *bytes, &here);
        }
        let packages = entries.folders.iter().filter(|(name, path)| {
            path.join("__init__.py").is_file()
                && !layout::is_test_folder(name)
                && !layout::is_tooling_folder(name)
        });
        let has_package = packages.count() > 0;
        for (name, path) in &entries.folders {
            if layout::is_ignored(name, path) {
                continue;
            }
            // A folder that cannot be read is as good as absent.
            let Ok(inner) = Entries::of(path) else {
                continue;
            };
            let skipped = here.skipped.or_else(|| {
                let own_package = inner.has_file("__init__.py") && !has_package;
                if layout::is_vendor_folder(name) {
                    Some(Skipped::Vendored)
                } else if !here.in_package && layout::is_tooling_folder(name) && !own_package {
                    Some(Skipped::Tooling)
                } else if layout::is_test_folder(name)
                    && (here.is_root() || tests::holds_tests(path))
                {
                    Some(Skipped::Test)
                } else {
                    None
                }
            });
            let below = Place {
                prefix: format!("{}{name}/", here.prefix),
                in_package: here.in_package,
                skipped,
            };
            self.folder(&inner, &below);
        }
    }

    fn file(&mut self, name: &str, path: &Path, bytes: u64, place: &Place) {
        self.summary.files += 1;
        let skipped = place.skipped.or_else(|| {
            if name == "conftest.py"
                || (tests::is_test_name(name) && (!place.in_package || tests::is_test_file(path)))
            {
                Some(Skipped::Test)
            } else if !place.in_package && layout::is_tooling_file(name) {
                Some(Skipped::Tooling)
            } else {
                None
            }
        });
        match skipped {
            Some(reason) => *self.summary.skipped.entry(reason).or_default() += 1,
            None => self.found.push(SourceFile {
                on_disk: path.to_owned(),
                path: format!("{}{name}", place.prefix),
                bytes,
            }),
        }
    }
}
