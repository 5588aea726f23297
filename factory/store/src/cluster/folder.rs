//! The cluster's folder and the locks in it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::ClusterError;

/// `<home>/postgres`: what lies where.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    root: PathBuf,
}

impl Folder {
    /// Makes the folder if it is not there.
    pub(super) fn open(home: &Path) -> Result<Self, ClusterError> {
        let root = home.join("postgres");
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&root)
            .map_err(ClusterError::file("make the folder", &root))?;
        // One name for one folder, whichever way the user wrote it: the socket's name is made from it.
        let root = fs::canonicalize(&root).map_err(ClusterError::file("find", &root))?;
        Ok(Self { root })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Postgres's data directory.
    pub(super) fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    /// Where initdb works until it is done.
    pub(super) fn unfinished_data(&self) -> PathBuf {
        self.root.join("data.unfinished")
    }

    /// What the server says.
    pub(super) fn log(&self) -> PathBuf {
        self.root.join("log")
    }

    /// The programs of the wheel, where the system has none.
    pub(super) fn programs(&self) -> PathBuf {
        self.root.join("programs")
    }

    /// Held by whoever starts or stops the server. Waits for it.
    pub(super) fn lock_change(&self) -> Result<File, ClusterError> {
        let path = self.root.join("change");
        let file = open(&path)?;
        file.lock().map_err(ClusterError::file("lock", &path))?;
        Ok(file)
    }

    /// Held, shared, by every command that uses the server. Waits while the guard stops the server.
    pub(super) fn lock_use(&self) -> Result<File, ClusterError> {
        let path = self.root.join("users");
        let file = open(&path)?;
        file.lock_shared()
            .map_err(ClusterError::file("lock", &path))?;
        Ok(file)
    }

    /// The same lock for oneself, if nobody uses the server.
    pub(super) fn try_lock_unused(&self) -> Result<Option<File>, ClusterError> {
        let path = self.root.join("users");
        let file = open(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(ClusterError::file("lock", &path)(source)),
        }
    }
}

fn open(path: &Path) -> Result<File, ClusterError> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map_err(ClusterError::file("open", path))
}
