//! A plain folder: copied as a repository would hold it.

use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use ignore::WalkBuilder;

use crate::Limits;
use crate::error::{Error, Result, io};
use crate::tree::{TreeWriter, Written};

/// Folders that version control, tools and interpreters keep for themselves.
const PRIVATE: [&str; 19] = [
    ".git",
    ".hg",
    ".svn",
    ".bzr",
    "_darcs",
    "CVS",
    ".jj",
    "__pycache__",
    ".tox",
    ".nox",
    ".venv",
    ".eggs",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".hypothesis",
    ".pytype",
    "node_modules",
    ".ipynb_checkpoints",
];

/// Copies a folder's files into `root`, an empty folder: without what its `.gitignore` files name, without
/// caches, virtual environments and version control, and without links that leave it.
pub fn copy(folder: &Path, root: &Path, limits: &Limits) -> Result<Written> {
    if !folder.is_dir() {
        return Err(Error::NotFound {
            what: format!("the folder {}", folder.display()),
            hint: "check the path".to_owned(),
        });
    }
    let mut tree = TreeWriter::new(folder.display().to_string(), root, limits);
    let walk = WalkBuilder::new(folder)
        .hidden(false)
        .parents(false)
        .ignore(false)
        .git_global(false)
        .git_exclude(false)
        .require_git(false)
        .follow_links(false)
        .sort_by_file_name(Ord::cmp)
        .filter_entry(|entry| {
            let name = entry.file_name();
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            let private = PRIVATE.iter().any(|private| name == *private);
            let environment =
                is_folder && entry.depth() > 0 && entry.path().join("pyvenv.cfg").is_file();
            entry.depth() == 0
                || !(private && is_folder || environment || name.as_bytes().ends_with(b".pyc"))
        })
        .build();
    for entry in walk {
        let entry = entry.map_err(|error| Error::Archive {
            file: folder.display().to_string(),
            problem: error.to_string(),
        })?;
        let place = entry.path();
        let Some(path) = place
            .strip_prefix(folder)
            .ok()
            .filter(|path| !path.as_os_str().is_empty())
        else {
            continue;
        };
        let path = path.as_os_str().as_bytes();
        let about = place.symlink_metadata().map_err(io("look at", place))?;
        if about.is_symlink() {
            let target = std::fs::read_link(place).map_err(io("read the link", place))?;
            tree.link(path, target.as_os_str().as_bytes())?;
        } else if about.is_file() {
            let executable = about.permissions().mode() & 0o100 != 0;
            let mut content = File::open(place).map_err(io("read", place))?;
            tree.file(path, executable, &mut content)?;
        } else if about.is_dir() {
            tree.folder(path)?;
        }
    }
    tree.finish(false)
}
