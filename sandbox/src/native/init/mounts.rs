//! The mount calls that building a place needs.

use std::ffi::{CString, OsStr};
use std::fs;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use nix::fcntl::{OFlag, OpenHow, ResolveFlag, open, openat, openat2};
use nix::libc;
use nix::mount::{MsFlags, mount};
use nix::sys::stat::{Mode, mkdirat};

use super::{Failure, Step};

/// A host path held open, so that mounts over its parents do not hide it.
#[derive(Debug)]
pub(crate) struct Source {
    descriptor: OwnedFd,
    shown: String,
}

impl Source {
    /// Holds a host path.
    pub(crate) fn open(path: &OsStr) -> Result<Self, Failure> {
        let shown = Path::new(path).display().to_string();
        let descriptor = open(path, OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty())
            .step(|| format!("opening {shown}"))?;
        Ok(Self { descriptor, shown })
    }

    /// Holds a host path if there is one.
    pub(crate) fn open_if_there(path: &str) -> Option<Self> {
        fs::symlink_metadata(path)
            .is_ok()
            .then(|| Self::open(OsStr::new(path)).ok())
            .flatten()
    }

    /// A path that leads to it through the descriptor. It has no characters that mount options would need
    /// escaped, keeps overlay options short, and does not show the host's paths in the mount table.
    pub(crate) fn path(&self) -> PathBuf {
        format!("/proc/self/fd/{}", self.descriptor.as_raw_fd()).into()
    }

    /// Whether it is a folder.
    pub(crate) fn is_folder(&self) -> bool {
        fs::metadata(self.path()).is_ok_and(|metadata| metadata.is_dir())
    }

    /// Lets it be seen at a path inside that was not chosen by us: see [`Place`].
    pub(crate) fn bind_inside(&self, target: &OsStr, access: Access) -> Result<(), Failure> {
        let step = || format!("mounting {} at {}", self.shown, Path::new(target).display());
        let place = Place::make(target, self.is_folder())?;
        bind(&self.path(), &place.path()).step(step)?;
        restrict(&Place::find(target)?.path(), access).step(step)
    }

    /// Lets it be seen at `target`, a path through folders of our own, which is made if need be.
    pub(crate) fn bind(&self, target: &Path, access: Access) -> Result<(), Failure> {
        let step = || format!("mounting {} at {}", self.shown, shown_inside(target));
        if self.is_folder() {
            make_folder(target)?;
        } else {
            make_file(target)?;
        }
        bind(&self.path(), target).step(step)?;
        restrict(target, access).step(step)
    }
}

fn bind(source: &Path, target: &Path) -> nix::Result<()> {
    let flags = MsFlags::MS_BIND | MsFlags::MS_REC;
    mount(Some(source), target, None::<&str>, flags, None::<&str>)
}

/// A place inside the root that is being built, found the way a process inside would find it: a link in an
/// untrusted tree leads nowhere but to another place inside.
#[derive(Debug)]
pub(crate) struct Place(OwnedFd);

impl Place {
    /// Finds what is at a path inside.
    pub(crate) fn find(target: &OsStr) -> Result<Self, Failure> {
        Self::look(target).step(|| format!("finding {}", Path::new(target).display()))
    }

    /// Finds what is at a path inside, and makes it, an empty folder or file, when there is nothing.
    pub(crate) fn make(target: &OsStr, folder: bool) -> Result<Self, Failure> {
        let step = || format!("making {} to mount over", Path::new(target).display());
        match Self::look(target) {
            Err(nix::Error::ENOENT) => {}
            found => return found.step(step),
        }
        let (parent, name) = match (Path::new(target).parent(), Path::new(target).file_name()) {
            (Some(parent), Some(name)) => (Self::make(parent.as_os_str(), true)?, name),
            _ => return Self::look(target).step(step),
        };
        let readable = Mode::from_bits_truncate(if folder { 0o755 } else { 0o644 });
        if folder {
            mkdirat(&parent.0, name, readable).step(step)?;
        } else {
            let new = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_WRONLY | OFlag::O_CLOEXEC;
            openat(&parent.0, name, new, readable).step(step)?;
        }
        Self::find(target)
    }

    fn look(target: &OsStr) -> nix::Result<Self> {
        let root = open(
            super::root::NEW_ROOT,
            OFlag::O_PATH | OFlag::O_CLOEXEC,
            Mode::empty(),
        )?;
        let how = OpenHow::new()
            .flags(OFlag::O_PATH | OFlag::O_CLOEXEC)
            .resolve(ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_MAGICLINKS);
        openat2(root, target, how).map(Self)
    }

    /// A path that leads to it through the descriptor.
    pub(crate) fn path(&self) -> PathBuf {
        format!("/proc/self/fd/{}", self.0.as_raw_fd()).into()
    }
}

/// What may be done through a mount, and all below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    ReadOnly,
    Writable,
    /// A device node, which a mount without devices would make useless.
    Device,
}

/// Takes rights from a mount and all mounts below it. Needs Linux 5.12.
pub(crate) fn restrict(target: &Path, access: Access) -> io::Result<()> {
    let attributes = libc::MOUNT_ATTR_NOSUID
        | match access {
            Access::ReadOnly => libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NODEV,
            Access::Writable => libc::MOUNT_ATTR_NODEV,
            Access::Device => libc::MOUNT_ATTR_NOEXEC,
        };
    set_attributes(target, attributes, libc::AT_RECURSIVE)
}

/// Makes one mount read-only, not those below it.
pub(crate) fn freeze(target: &Path) -> io::Result<()> {
    set_attributes(target, libc::MOUNT_ATTR_RDONLY, 0)
}

fn set_attributes(target: &Path, attributes: u64, flags: i32) -> io::Result<()> {
    let path = CString::new(target.as_os_str().as_bytes())?;
    let change = libc::mount_attr {
        attr_set: attributes,
        attr_clr: 0,
        propagation: 0,
        userns_fd: 0,
    };
    // SAFETY: the path and the structure live through the call, and the size is the structure's.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            path.as_ptr(),
            flags,
            &raw const change,
            size_of::<libc::mount_attr>(),
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Mounts a file system that has no source.
pub(crate) fn mount_fresh(
    kind: &str,
    target: &Path,
    flags: MsFlags,
    options: &str,
) -> Result<(), Failure> {
    mount(Some(kind), target, Some(kind), flags, Some(options))
        .step(|| format!("mounting {kind} at {}", shown_inside(target)))
}

/// Makes a folder and its parents, readable by all.
pub(crate) fn make_folder(path: &Path) -> Result<(), Failure> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(path)
        .step(|| format!("making the folder {}", shown_inside(path)))
}

/// Makes an empty file to mount over.
fn make_file(path: &Path) -> Result<(), Failure> {
    if let Some(parent) = path.parent() {
        make_folder(parent)?;
    }
    if path.exists() {
        return Ok(());
    }
    fs::write(path, "").step(|| format!("making the file {}", shown_inside(path)))
}

/// A path under the new root as it will be seen inside.
pub(crate) fn shown_inside(path: &Path) -> String {
    let inside = path.strip_prefix(super::root::NEW_ROOT).unwrap_or(path);
    format!("/{}", inside.display())
}
