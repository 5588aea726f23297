//! Removing from a fresh system what differs each time one is made, and what no sandbox needs.

use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

/// Folders whose content goes.
const EMPTIED: &[&str] = &[
    "dev",
    "proc",
    "run",
    "sys",
    "tmp",
    "usr/share/doc",
    "usr/share/info",
    "usr/share/man",
    "var/cache",
    "var/lib/apt/lists",
    "var/log",
    "var/tmp",
];

/// Files that go: names of this machine, random numbers, and the remains of the installation.
const REMOVED: &[&str] = &[
    "debootstrap",
    "etc/hostname",
    "etc/machine-id",
    "etc/resolv.conf",
    "etc/.pwd.lock",
    "var/lib/dbus/machine-id",
    "var/lib/dpkg/lock",
    "var/lib/dpkg/lock-frontend",
    "var/lib/systemd/random-seed",
];

/// Removes all that, and sets files that were written since `began` to a time that never changes. (The times of
/// packaged files stay: compiled bytecode names them.)
pub(super) fn settle(root: &Path, began: SystemTime) -> io::Result<()> {
    for name in EMPTIED {
        empty(&root.join(name))?;
    }
    for name in REMOVED {
        remove(&root.join(name))?;
    }
    let entries = walkdir::WalkDir::new(root);
    for entry in entries {
        let entry = entry?;
        if entry.file_type().is_file() && entry.metadata()?.modified()? >= began {
            let file = fs::File::open(entry.path())?;
            file.set_modified(SystemTime::UNIX_EPOCH)?;
        }
    }
    Ok(())
}

fn empty(folder: &Path) -> io::Result<()> {
    if !folder.is_dir() || folder.is_symlink() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        remove(&entry?.path())?;
    }
    Ok(())
}

fn remove(path: &Path) -> io::Result<()> {
    let gone = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match gone {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        gone => gone,
    }
}
