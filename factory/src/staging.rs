//! Folders in which something is made before it gets its name. A lock tells whether their maker still lives, so
//! what killed ones left can be removed at once.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use tempfile::TempDir;

const PREFIX: &str = ".making-";

/// A folder that goes when it is dropped, or, after its maker was killed, with the next [`reap`].
#[derive(Debug)]
pub(crate) struct Staging {
    folder: TempDir,
    _lives: File,
}

impl Staging {
    /// Makes one in `parent`, on the same disk as what is made in it.
    pub(crate) fn new(parent: &Path) -> io::Result<Self> {
        // A reaper must not come between the folder and its lock.
        let turn = File::open(parent)?;
        turn.lock()?;
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent)?;
        let lives = File::open(folder.path())?;
        lives.lock()?;
        Ok(Self {
            folder,
            _lives: lives,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes the staging folders in `parent` whose makers are gone. What cannot be removed stays for the next time.
pub(crate) fn reap(parent: &Path) {
    let Ok(turn) = File::open(parent).and_then(|turn| turn.lock().map(|()| turn)) else {
        return;
    };
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let is_staging = entry.file_name().to_string_lossy().starts_with(PREFIX);
        if is_staging && File::open(entry.path()).is_ok_and(|folder| folder.try_lock().is_ok()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    drop(turn);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_dead_maker_left_is_removed_and_what_a_living_one_makes_stays() {
        let parent = tempfile::tempdir().unwrap();
        let living = Staging::new(parent.path()).unwrap();
        fs::write(living.path().join("file"), "").unwrap();
        // A killed maker's lock is gone with it.
        let left = parent.path().join(".making-abandoned");
        fs::create_dir_all(left.join("tree/deep")).unwrap();
        let finished = parent.path().join("finished");
        fs::create_dir(&finished).unwrap();
        reap(parent.path());
        assert!(!left.exists());
        assert!(finished.exists() && living.path().join("file").exists());
        let path = living.path().to_owned();
        drop(living);
        assert!(!path.exists());
    }

    #[test]
    fn a_folder_that_is_not_there_has_nothing_to_reap() {
        reap(Path::new("/no/such/folder"));
    }
}
