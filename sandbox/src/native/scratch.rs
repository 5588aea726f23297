//! Where the writes of a sandbox go on kernels whose memory file system cannot be the upper layer of an
//! overlay (before Linux 6.6): a host folder that is removed with the sandbox.

use std::fs;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use nix::libc;
use nix::sys::memfd::{MFdFlags, memfd_create};

use super::init::removal::remove_tree;
use super::owner;

/// Whether files in memory carry the attributes that overlayfs marks replaced folders with.
pub(crate) fn memory_takes_marks() -> bool {
    let Ok(file) = memfd_create(c"swemill", MFdFlags::MFD_CLOEXEC) else {
        return false;
    };
    // SAFETY: the strings are static, the value's length is 1.
    let result = unsafe {
        libc::fsetxattr(
            file.as_raw_fd(),
            c"user.overlay.opaque".as_ptr(),
            c"y".as_ptr().cast(),
            1,
            0,
        )
    };
    result == 0
}

/// Makes a folder for one sandbox, seen by its owner alone.
pub(crate) fn make(scratch: &Path) -> io::Result<PathBuf> {
    let name = owner::new_name().ok_or_else(|| io::Error::other("/proc cannot be read"))?;
    let folder = scratch.join(name);
    fs::DirBuilder::new().mode(0o700).create(&folder)?;
    Ok(folder)
}

/// Removes the folders that killed owners left.
pub(crate) fn reap(scratch: &Path) {
    for entry in fs::read_dir(scratch).into_iter().flatten().flatten() {
        if owner::is_dead(&entry.file_name().to_string_lossy()) {
            remove_tree(&entry.path());
        }
    }
}
