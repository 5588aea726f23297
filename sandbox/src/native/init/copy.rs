//! Copying everything that a sandbox has written into a new one.

use std::collections::HashMap;
use std::ffi::CString;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, symlink};
use std::path::{Path, PathBuf};

use nix::libc;

/// The overlay work folders at the top of a state folder are not content.
const WORK_PREFIX: &str = "work-";

/// Nor are the folders of rounds (see `renew`).
pub(crate) const ROUND_PREFIX: &str = "round-";

/// Copies a held state folder: files, links (hard ones too), pipes, overlay white-outs and marks, owners,
/// modes and times.
pub(crate) fn copy_tree(from: BorrowedFd<'_>, to: &Path) -> io::Result<()> {
    let source = PathBuf::from(format!("/proc/self/fd/{}", from.as_raw_fd()));
    let mut copier = Copier::default();
    for entry in fs::read_dir(&source)? {
        let entry = entry?;
        let name = entry.file_name();
        let no_content = [WORK_PREFIX, ROUND_PREFIX];
        if !no_content
            .iter()
            .any(|prefix| name.as_bytes().starts_with(prefix.as_bytes()))
        {
            copier.copy(&entry.path(), &to.join(name))?;
        }
    }
    Ok(())
}

/// Copies what a folder holds into another that is there already.
pub(crate) fn copy_content(from: &Path, to: &Path) -> io::Result<()> {
    let mut copier = Copier::default();
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copier.copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

#[derive(Default)]
struct Copier {
    /// Where a file with several names was copied to first.
    linked: HashMap<u64, PathBuf>,
}

impl Copier {
    /// Copies one entry, and a folder's whole content.
    fn copy(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let metadata = fs::symlink_metadata(from)?;
        let kind = metadata.file_type();
        if metadata.nlink() > 1 && !kind.is_dir() {
            if let Some(first) = self.linked.get(&metadata.ino()) {
                return fs::hard_link(first, to);
            }
            self.linked.insert(metadata.ino(), to.to_path_buf());
        }
        if kind.is_dir() {
            fs::create_dir(to)?;
            for entry in fs::read_dir(from)? {
                let entry = entry?;
                self.copy(&entry.path(), &to.join(entry.file_name()))?;
            }
        } else if kind.is_symlink() {
            symlink(fs::read_link(from)?, to)?;
        } else if kind.is_file() {
            io::copy(&mut File::open(from)?, &mut File::create(to)?)?;
        } else if kind.is_char_device() || kind.is_fifo() {
            // The only device is overlayfs's mark of a removed file, number 0.
            make_node(to, &metadata)?;
        } else {
            // A socket without its process is nothing.
            return Ok(());
        }
        if kind.is_dir() || kind.is_file() {
            copy_marks(from, to)?;
        }
        copy_attributes(to, &metadata)
    }
}

fn c_path(path: &Path) -> io::Result<CString> {
    Ok(CString::new(path.as_os_str().as_bytes())?)
}

fn check(result: i32) -> io::Result<()> {
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

fn make_node(path: &Path, metadata: &Metadata) -> io::Result<()> {
    let path = c_path(path)?;
    // SAFETY: the path lives through the call.
    check(unsafe { libc::mknod(path.as_ptr(), metadata.mode(), metadata.rdev()) })
}

/// Copies the attributes in which overlayfs keeps its marks.
fn copy_marks(from: &Path, to: &Path) -> io::Result<()> {
    let (from, to) = (c_path(from)?, c_path(to)?);
    let mut names = vec![0_u8; 4096];
    // SAFETY: the buffer has the length that is passed.
    let length = unsafe { libc::llistxattr(from.as_ptr(), names.as_mut_ptr().cast(), names.len()) };
    let Ok(length) = usize::try_from(length) else {
        return Ok(());
    };
    let mut value = vec![0_u8; 64 << 10];
    for name in names[..length].split(|byte| *byte == 0) {
        if !name.starts_with(b"user.") {
            continue;
        }
        let name = CString::new(name)?;
        // SAFETY: the buffer has the length that is passed; the strings live through both calls.
        unsafe {
            let size = libc::lgetxattr(
                from.as_ptr(),
                name.as_ptr(),
                value.as_mut_ptr().cast(),
                value.len(),
            );
            let size = usize::try_from(size).map_err(|_| io::Error::last_os_error())?;
            check(libc::lsetxattr(
                to.as_ptr(),
                name.as_ptr(),
                value.as_ptr().cast(),
                size,
                0,
            ))?;
        }
    }
    Ok(())
}

fn copy_attributes(to: &Path, metadata: &Metadata) -> io::Result<()> {
    let path = c_path(to)?;
    let times = [
        libc::timespec {
            tv_sec: metadata.atime(),
            tv_nsec: metadata.atime_nsec(),
        },
        libc::timespec {
            tv_sec: metadata.mtime(),
            tv_nsec: metadata.mtime_nsec(),
        },
    ];
    // SAFETY: the path and the times live through the calls.
    unsafe {
        check(libc::lchown(path.as_ptr(), metadata.uid(), metadata.gid()))?;
        if !metadata.file_type().is_symlink() {
            check(libc::chmod(path.as_ptr(), metadata.mode() & 0o7777))?;
        }
        check(libc::utimensat(
            libc::AT_FDCWD,
            path.as_ptr(),
            times.as_ptr(),
            libc::AT_SYMLINK_NOFOLLOW,
        ))
    }
}
