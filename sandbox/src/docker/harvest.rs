//! A build's result: what a container left in a tree, as a layer over the tree's own.

use std::collections::BTreeSet;
use std::ffi::CString;
use std::fs::{self, Permissions};
use std::io::{self, Cursor, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::libc;
use tar::{Archive, Entry};

use super::image::walk::{self, Entry as Below};
use crate::native::adopt;
use crate::native::user::HostUser;
use crate::{Error, Result, Tree};

/// Writes what differs from a tree's layers into a folder, with overlayfs's marks for what was removed, and gives
/// it to the user that native sandboxes run as.
pub(crate) async fn harvest(archive: Vec<u8>, tree: &Tree, folder: &Path) -> Result<()> {
    let (lower, upper) = (tree.lower.clone(), folder.to_path_buf());
    let work = move || write_difference(archive, &lower, &upper);
    let written = tokio::task::spawn_blocking(work).await;
    written
        .map_err(io::Error::other)
        .flatten()
        .map_err(|error| Error::Path {
            path: folder.to_path_buf(),
            reason: format!("what the container left cannot be written there: {error}"),
        })?;
    adopt::adopt(folder, HostUser::of_caller()).await
}

fn write_difference(archive: Vec<u8>, lower: &[PathBuf], upper: &Path) -> io::Result<()> {
    fs::create_dir_all(upper)?;
    let mut below = walk::merged(lower)?;
    let mut kept = BTreeSet::new();
    let mut folders = Vec::new();
    let mut archive = Archive::new(Cursor::new(archive));
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let path: PathBuf = path
            .components()
            .filter(|part| matches!(part, std::path::Component::Normal(_)))
            .collect();
        if path.as_os_str().is_empty() {
            continue;
        }
        kept.insert(path.clone());
        let before = below.remove(&path);
        if entry.header().entry_type().is_dir() {
            let mode = entry.header().mode()?;
            let same = before.is_some_and(|before| {
                before.metadata.is_dir() && before.metadata.permissions().mode() & 0o7777 == mode
            });
            if !same {
                fs::create_dir_all(upper.join(&path))?;
                folders.push((path, mode));
            }
        } else if !before.is_some_and(|before| is_same(&before, &mut entry).unwrap_or(false)) {
            if let Some(parent) = path.parent() {
                fs::create_dir_all(upper.join(parent))?;
            }
            entry.unpack(upper.join(&path))?;
        }
    }
    for (path, mode) in folders.into_iter().rev() {
        fs::set_permissions(upper.join(path), Permissions::from_mode(mode))?;
    }
    mark_removed(below.keys(), &kept, upper)
}

/// Whether a plain file or a link is what it was. Reading a file that differs consumes the entry: it is compared
/// only where its size and time are equal, and then taken as equal: what has another content has another time.
fn is_same(before: &Below, entry: &mut Entry<'_, impl Read>) -> io::Result<bool> {
    let header = entry.header();
    if header.entry_type().is_symlink() {
        let target = entry.link_name()?;
        return Ok(before.metadata.is_symlink()
            && target.as_deref() == Some(&fs::read_link(&before.source)?));
    }
    let metadata = &before.metadata;
    Ok(header.entry_type().is_file()
        && metadata.is_file()
        && metadata.len() == header.size()?
        && metadata.permissions().mode() & 0o7777 == header.mode()?
        && u64::try_from(metadata.mtime()).unwrap_or(0) == header.mtime()?)
}

/// Marks what is not there any more; the mark of a folder stands for all in it.
fn mark_removed<'a>(
    gone: impl Iterator<Item = &'a PathBuf>,
    kept: &BTreeSet<PathBuf>,
    upper: &Path,
) -> io::Result<()> {
    let mut last: Option<&PathBuf> = None;
    for path in gone {
        let covered = last.is_some_and(|last| path.starts_with(last));
        let parent_is_there = path
            .parent()
            .is_none_or(|parent| parent.as_os_str().is_empty() || kept.contains(parent));
        if covered || !parent_is_there {
            continue;
        }
        // The folder above may have become something else.
        let place = upper.join(path);
        if let Some(parent) = place.parent() {
            if parent.exists() && !parent.is_dir() {
                continue;
            }
            fs::create_dir_all(parent)?;
        }
        mark(&place)?;
        last = Some(path);
    }
    Ok(())
}

/// Makes overlayfs's mark of a removed file, which needs no rights since Linux 5.8.
fn mark(place: &Path) -> io::Result<()> {
    let path = CString::new(place.as_os_str().as_bytes())?;
    // SAFETY: the path lives through the call.
    if unsafe { libc::mknod(path.as_ptr(), libc::S_IFCHR, 0) } == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
