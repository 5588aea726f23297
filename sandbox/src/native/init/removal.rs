//! Removing what a sandbox wrote to the host, whatever it made of it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Removes a folder of a sandbox that is gone: also where its user has taken the right to enter it from itself
/// (overlayfs does so, too), and where folders lie in folders so deep that no path is long enough to name them.
/// Those are moved up beside the topmost before their own turn comes; so nothing here recurses.
pub(crate) fn remove_tree(path: &Path) {
    if !is_folder(path) {
        let _ = fs::remove_file(path);
        return;
    }
    let mut moved = 0_u64;
    let mut waiting = vec![path.to_path_buf()];
    while let Some(folder) = waiting.pop() {
        for entry in entries(&folder) {
            if !is_folder(&entry) {
                let _ = fs::remove_file(&entry);
            } else if folder == path {
                waiting.push(entry);
            } else {
                // Whoever takes a folder out of another needs the right to write to it: its parent entry changes.
                open_up(&entry);
                waiting.push(moved_up(&entry, path, &mut moved).unwrap_or(entry));
            }
        }
        let _ = fs::remove_dir(&folder);
    }
    let _ = fs::remove_dir(path);
}

/// Moves a folder into `top` under a name that is free there; nothing when it cannot be moved.
fn moved_up(folder: &Path, top: &Path, moved: &mut u64) -> Option<PathBuf> {
    let place = loop {
        *moved += 1;
        let place = top.join(format!(".removing-{moved}"));
        if fs::symlink_metadata(&place).is_err() {
            break place;
        }
    };
    fs::rename(folder, &place).ok().map(|()| place)
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    open_up(folder);
    let found = fs::read_dir(folder).into_iter().flatten().flatten();
    found.map(|entry| entry.path()).collect()
}

fn open_up(folder: &Path) {
    let _ = fs::set_permissions(folder, fs::Permissions::from_mode(0o700));
}

fn is_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_with_links_and_closed_folders_goes_and_what_the_links_name_stays() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("kept"), "").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().join("top");
        for inner in ["a/b/c", "a/d", ".removing-1/x/y"] {
            fs::create_dir_all(top.join(inner)).unwrap();
            fs::write(top.join(inner).join("file"), "").unwrap();
        }
        std::os::unix::fs::symlink(outside.path(), top.join("a/b/link")).unwrap();
        for closed in ["a/b/c", "a/b", "a"] {
            fs::set_permissions(top.join(closed), fs::Permissions::from_mode(0o000)).unwrap();
        }
        remove_tree(&top);
        assert!(!top.exists());
        assert!(outside.path().join("kept").exists());
    }
}
