//! A short folder for the socket: the kernel allows 107 bytes for the whole path, which a data folder may exceed.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::ClusterError;
use super::folder::Folder;
use super::identity::Identity;
use super::postmaster::Postmaster;

/// The path's limit less the socket's own name, `/.s.PGSQL.5432`.
const LONGEST: usize = 107 - "/.s.PGSQL.5432".len();

/// Makes the folder for the cluster's socket, which only the server and the caller can enter. Whoever can connect
/// to the socket is trusted, so a folder that somebody else made in its place is not used. No server runs now.
pub(super) fn folder(cluster: &Folder, identity: Identity) -> Result<PathBuf, ClusterError> {
    let digest = hex::encode(Sha256::digest(
        cluster.root().as_os_str().as_encoded_bytes(),
    ));
    let name = format!("swemill-{}", &digest[..16]);
    let mut tried = Vec::new();
    for parent in parents(identity) {
        let path = parent.join(&name);
        match make(&path, identity) {
            Ok(()) => {
                remove_leftovers(&path)?;
                return Ok(path);
            }
            Err(reason) => tried.push(format!("{}: {reason}", path.display())),
        }
    }
    Err(ClusterError::SocketFolder {
        tried: tried.join("; "),
    })
}

/// Removes the folder of a server that has stopped. One that is not empty is somebody's, or serves again.
pub(super) fn remove_folder(stopped: &Postmaster) {
    if let Some(folder) = &stopped.socket_folder {
        let _ = fs::remove_dir(folder);
    }
}

/// Removes what a killed server left. Postgres does so itself, but not while the killed one's number is taken, be
/// it by another process or by its own remains that nobody has waited for.
fn remove_leftovers(folder: &Path) -> Result<(), ClusterError> {
    for name in [".s.PGSQL.5432", ".s.PGSQL.5432.lock"] {
        let path = folder.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(ClusterError::file("remove", path)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

fn parents(identity: Identity) -> Vec<PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    // Another user cannot enter the caller's runtime folder.
    let runtime = runtime.filter(|_| !matches!(identity, Identity::User(..)));
    let mut parents: Vec<PathBuf> = runtime.into_iter().collect();
    parents.push(std::env::temp_dir());
    parents.push(PathBuf::from("/tmp"));
    parents.retain(|parent| parent.is_absolute());
    parents.dedup();
    parents
}

fn make(path: &Path, identity: Identity) -> Result<(), String> {
    if path.as_os_str().len() > LONGEST {
        return Err("too long".to_owned());
    }
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => identity.own(path).map_err(|error| error.to_string())?,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error.to_string()),
    }
    let found = fs::symlink_metadata(path).map_err(|error| error.to_string())?;
    if !found.is_dir() || found.uid() != identity.owner().as_raw() || found.mode() & 0o077 != 0 {
        return Err("it exists and is not a private folder of the server's user".to_owned());
    }
    Ok(())
}
