//! Writing the folder that an agent works in.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use filetime::FileTime;

use super::view::{Entry, View};
use crate::breakage::Breakage;

/// One date for all.
const DATE: FileTime = FileTime::from_unix_time(swemill_source::tree::DATE, 0);

/// Writes every file of the view, those in `changed` with other bytes, in one pass and with one date, so that
/// neither dates nor the order of inodes tell which were changed. Left out: git's own folder, and of what is not
/// the repository's own (installing made it), bytecode and whatever holds the original. Returns the files of the
/// repository itself that hold it elsewhere.
pub(super) fn write(
    view: &View,
    changed: &BTreeMap<String, Vec<u8>>,
    breakage: &Breakage,
    folder: &Path,
) -> io::Result<Vec<String>> {
    let own = view.lowest();
    let mut copies = Vec::new();
    let mut folders = vec![folder.to_owned()];
    fs::create_dir_all(folder)?;
    fs::set_permissions(folder, Permissions::from_mode(0o755))?;
    for (path, entry) in view.walk(&|name| name == ".git" || name == "__pycache__")? {
        let target = folder.join(&path);
        match entry {
            Entry::Folder => {
                fs::create_dir(&target)?;
                fs::set_permissions(&target, Permissions::from_mode(0o755))?;
                folders.push(target);
            }
            Entry::Link(to) => {
                std::os::unix::fs::symlink(to, &target)?;
                filetime::set_symlink_file_times(&target, DATE, DATE)?;
            }
            Entry::File { place, executable } => {
                let name = path.to_string_lossy().into_owned();
                let is_own = place.starts_with(own);
                let bytes = match changed.get(&name) {
                    Some(bytes) => bytes.clone(),
                    None => fs::read(&place)?,
                };
                if !is_own && is_bytecode(&path) {
                    continue;
                }
                let holds_original = !changed.contains_key(&name)
                    && std::str::from_utf8(&bytes)
                        .is_ok_and(|text| breakage.spread(text).is_some());
                if holds_original && is_own {
                    copies.push(name);
                } else if holds_original {
                    continue;
                }
                fs::write(&target, bytes)?;
                let mode = if executable { 0o755 } else { 0o644 };
                fs::set_permissions(&target, Permissions::from_mode(mode))?;
                filetime::set_file_times(&target, DATE, DATE)?;
            }
        }
    }
    for folder in folders {
        filetime::set_file_times(folder, DATE, DATE)?;
    }
    Ok(copies)
}

fn is_bytecode(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "pyc" || extension == "pyo")
}
