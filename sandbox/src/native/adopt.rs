//! Giving host folders to the user that commands run as.

use std::io;
use std::os::unix::fs::{MetadataExt, lchown};
use std::path::{Path, PathBuf};

use super::user::HostUser;
use crate::{Error, Result};

/// Gives a folder and all in it to `user`, never what a link points to. Nothing to do for a caller whose
/// commands run as itself.
pub(crate) async fn adopt(folder: &Path, user: HostUser) -> Result<()> {
    if !user.privileged {
        return Ok(());
    }
    let folder = folder.to_path_buf();
    tokio::task::spawn_blocking(move || give_all(&folder, user))
        .await
        .map_err(|error| Error::Io {
            context: "giving a folder to the sandbox's user".into(),
            source: io::Error::other(error),
        })?
}

fn give_all(folder: &Path, user: HostUser) -> Result<()> {
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(path) = waiting.pop() {
        let more = give(&path, user).map_err(|error| Error::Path {
            path,
            reason: format!("it cannot be given to the sandbox's user: {error}"),
        })?;
        waiting.extend(more);
    }
    Ok(())
}

/// Gives one entry; a folder's entries, which come next.
fn give(path: &Path, user: HostUser) -> io::Result<Vec<PathBuf>> {
    let metadata = path.symlink_metadata()?;
    if (metadata.uid(), metadata.gid()) != (user.uid, user.gid) {
        lchown(path, Some(user.uid), Some(user.gid))?;
    }
    if !metadata.is_dir() {
        return Ok(Vec::new());
    }
    path.read_dir()?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect()
}
