//! Files and folders that are needed for a moment. Their names tell whose they are, so that what a killed process
//! left is removed by the next one.

use std::io;

use tempfile::{Builder, NamedTempFile, TempDir};

use crate::native::{owner, scratch};

/// A folder for one image's layers.
pub(crate) fn folder() -> io::Result<TempDir> {
    Builder::new().prefix(&name()?).rand_bytes(0).tempdir()
}

/// A file.
pub(crate) fn file() -> io::Result<NamedTempFile> {
    Builder::new().prefix(&name()?).rand_bytes(0).tempfile()
}

/// Removes what processes that are no more left.
pub(crate) fn reap() {
    scratch::reap(&std::env::temp_dir());
}

fn name() -> io::Result<String> {
    owner::new_name().ok_or_else(|| io::Error::other("/proc cannot be read"))
}
