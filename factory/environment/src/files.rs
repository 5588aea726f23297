//! Folders that become layers.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use filetime::FileTime;
use sha2::{Digest as _, Sha256};
use walkdir::WalkDir;

/// The date of every file of a repository: older than any file that is written later, so that bytecode of
/// one can never pass for bytecode of the other.
const DATE: FileTime = FileTime::from_unix_time(1_577_836_800, 0);

/// Bytes of the regular files below a folder; what vanishes meanwhile counts nothing.
pub(crate) fn size(folder: &Path) -> u64 {
    let files = WalkDir::new(folder).into_iter().flatten();
    files
        .filter(|entry| entry.file_type().is_file())
        .filter_map(|entry| entry.metadata().ok())
        .map(|about| about.len())
        .sum()
}

/// Bytes of the regular files below a folder that have no other name.
pub(crate) fn own_size(folder: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let files = WalkDir::new(folder).into_iter().flatten();
    files
        .filter(|entry| entry.file_type().is_file())
        .filter_map(|entry| entry.metadata().ok())
        .filter(|about| about.nlink() == 1)
        .map(|about| about.len())
        .sum()
}

/// The sha256, in hexadecimal, over path, kind, rights, size and date of all that lies below a folder but the one
/// file of the given name in it. Reads no content: it takes milliseconds, and tells what was torn, lost or changed.
pub(crate) fn outline(folder: &Path, but: &str) -> io::Result<String> {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::MetadataExt;
    let mut hash = Sha256::new();
    for entry in WalkDir::new(folder).min_depth(1).sort_by_file_name() {
        let entry = entry.map_err(io::Error::other)?;
        let about = entry.metadata().map_err(io::Error::other)?;
        let path = entry
            .path()
            .strip_prefix(folder)
            .map_err(io::Error::other)?;
        if path.as_os_str() == but {
            continue;
        }
        hash.update((path.as_os_str().len() as u64).to_le_bytes());
        hash.update(path.as_os_str().as_bytes());
        hash.update(about.mode().to_le_bytes());
        // What a folder holds is told by the entries themselves.
        if !about.is_dir() {
            hash.update(about.size().to_le_bytes());
            hash.update(about.mtime().to_le_bytes());
        }
    }
    Ok(hex::encode(hash.finalize()))
}

/// Copies a repository: files, folders and links as they are, a fixed date on each, `.git` and bytecode left.
pub(crate) fn copy_repository(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    let entries = WalkDir::new(from)
        .min_depth(1)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| entry.file_name() != ".git" && entry.file_name() != "__pycache__");
    let mut folders = vec![to.to_owned()];
    for entry in entries {
        let entry = entry.map_err(io::Error::other)?;
        let below = entry.path().strip_prefix(from).map_err(io::Error::other)?;
        let target = to.join(below);
        let kind = entry.file_type();
        if kind.is_dir() {
            fs::create_dir_all(&target)?;
            folders.push(target);
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(entry.path())?, &target)?;
            filetime::set_symlink_file_times(&target, DATE, DATE)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), &target)?;
            filetime::set_file_times(&target, DATE, DATE)?;
        }
    }
    for folder in folders {
        filetime::set_file_times(&folder, DATE, DATE)?;
    }
    Ok(())
}

/// Removes builds that were begun more than a day ago: whoever began them was killed.
pub(crate) fn remove_abandoned(packages: &Path) {
    const DAY: Duration = Duration::from_hours(24);
    for entry in fs::read_dir(packages).into_iter().flatten().flatten() {
        let is_build = entry.file_name().to_string_lossy().starts_with("build-");
        let begun = entry.metadata().and_then(|about| about.modified());
        let is_old = begun.is_ok_and(|begun| begun.elapsed().is_ok_and(|age| age > DAY));
        if is_build && is_old {
            // Another process may be at it, too; what stays is tried again next time.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Takes everything from a layer that `keep` does not want; folders stay.
pub(crate) fn retain(layer: &Path, keep: impl Fn(&Path) -> bool) -> io::Result<()> {
    for entry in WalkDir::new(layer).min_depth(1).contents_first(true) {
        let entry = entry.map_err(io::Error::other)?;
        let below = entry.path().strip_prefix(layer).map_err(io::Error::other)?;
        if entry.file_type().is_dir() {
            // Only empty folders go.
            let _ = fs::remove_dir(entry.path());
        } else if !entry.file_type().is_file() || !keep(below) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
