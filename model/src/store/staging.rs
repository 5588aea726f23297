//! The place where a model is put together before it is in the store: locked, kept for the next try after a failure,
//! moved in one step when whole.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use super::error::{Error, Result, io_error};

/// A pull in progress. What was fetched stays when this is dropped, so that the next pull goes on from it.
pub(super) struct Staging {
    folder: PathBuf,
    /// Held while this lives; the system frees it even if the process is killed. The file stays: were it removed,
    /// two processes could hold locks on two files of one name.
    _lock: File,
}

impl Staging {
    /// Opens the staging folder of a model, or finds out that another process has it.
    pub(super) fn open(root: &Path, name: &str, encoded: &str) -> Result<Self> {
        let folder = root.join(".pulling").join(encoded);
        fs::create_dir_all(folder.join("files")).map_err(io_error("create", &folder))?;
        let lock_path = root.join(".pulling").join(format!("{encoded}.lock"));
        let lock = File::create(&lock_path).map_err(io_error("write", &lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::Busy {
                    name: name.to_owned(),
                });
            }
            Err(TryLockError::Error(error)) => return Err(io_error("lock", &lock_path)(error)),
        }
        Ok(Self {
            folder,
            _lock: lock,
        })
    }

    /// Where the model's files come together.
    pub(super) fn files(&self) -> PathBuf {
        self.folder.join("files")
    }

    /// Where packages are kept until their files are taken out.
    pub(super) fn cache(&self) -> PathBuf {
        self.folder.join("packages")
    }

    /// Throws away what an earlier pull of something else left: files of two origins must not mix.
    pub(super) fn begin(&self, origin: &str) -> Result<()> {
        let marker = self.folder.join("origin");
        if fs::read_to_string(&marker).is_ok_and(|before| before == origin) {
            return Ok(());
        }
        for place in [self.files(), self.cache()] {
            if place.exists() {
                fs::remove_dir_all(&place).map_err(io_error("remove", &place))?;
            }
        }
        let files = self.files();
        fs::create_dir_all(&files).map_err(io_error("create", &files))?;
        fs::write(&marker, origin).map_err(io_error("write", &marker))
    }

    /// Moves the files to their place in the store, replacing what is there.
    pub(super) fn commit(self, destination: &Path) -> Result<()> {
        if destination.exists() {
            // Renamed away first: a reader sees the old model or the new one, never half of one.
            let old = self.folder.join("replaced");
            fs::rename(destination, &old).map_err(io_error("replace", destination))?;
        }
        fs::rename(self.files(), destination).map_err(io_error("write", destination))?;
        self.discard()
    }

    /// Throws everything away.
    pub(super) fn discard(self) -> Result<()> {
        fs::remove_dir_all(&self.folder).map_err(io_error("remove", &self.folder))
    }
}
