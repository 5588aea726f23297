//! Filling the memory that a container's trees are written in.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;

use super::super::frames::Start;
use super::caller::Caller;
use crate::native::init::copy::copy_content;
use crate::native::init::{Failure, Step};

/// Copies what lies in the image and unpacks what the caller sends.
pub(crate) fn fill(start: &Start, caller: &mut Caller) -> Result<(), Failure> {
    for (from, to) in &start.copies {
        copy(from, to).step(|| format!("copying {} into memory", Path::new(to).display()))?;
    }
    unpack(start.archive, caller).step(|| "unpacking the working tree".into())
}

fn copy(from: &OsString, to: &OsString) -> io::Result<()> {
    copy_content(Path::new(from), Path::new(to))
}

fn unpack(bytes: u64, caller: &mut Caller) -> io::Result<()> {
    let mut reader = io::BufReader::with_capacity(256 << 10, caller.reader(bytes));
    let mut archive = tar::Archive::new(&mut reader);
    archive.set_preserve_permissions(true);
    archive.set_preserve_mtime(true);
    // Folders get their modes last: one that cannot be written has to be filled first.
    let mut folders = Vec::new();
    for entry in archive.entries()? {
        let mut entry = entry?;
        if entry.header().entry_type().is_dir() {
            let path = Path::new("/").join(entry.path()?);
            fs::create_dir_all(&path)?;
            folders.push((path, entry.header().mode()?));
        } else {
            entry.unpack_in("/")?;
        }
    }
    for (path, mode) in folders.into_iter().rev() {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    }
    // Whatever pads the archive's end.
    io::copy(&mut reader, &mut io::sink()).map(drop)
}
