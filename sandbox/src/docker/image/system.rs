//! The layer that makes any base image look as the native sandbox does: a user, no leftovers of the base's own.

use std::io;
use std::path::{Path, PathBuf};

use tar::EntryType;

use super::layer::{self, Layer};
use super::pack::Ownership;
use crate::native::init::etc::GENERATED;

/// Files of the system: root's, and never with the rights of their owner.
pub(crate) const ROOT_OWNED: Ownership = Ownership {
    id: Some(0),
    mask: 0o1777,
};

/// What no command needs of a base image.
const REMOVED: &[&str] = &[
    "boot",
    "etc/gshadow",
    "etc/gshadow-",
    "etc/passwd-",
    "etc/shadow",
    "etc/shadow-",
    "etc/ssh",
    "etc/sudoers",
    "etc/sudoers.d",
    "media",
    "mnt",
    "root",
    "srv",
    "var/backups",
    "var/cache",
    "var/lib",
    "var/local",
    "var/log",
    "var/mail",
    "var/opt",
    "var/spool",
];

/// Folders that are there and hold nothing.
const EMPTY: &[(&str, u32)] = &[("home", 0o755), ("run", 0o755), ("tmp", 0o1777)];

/// Makes the layer.
pub(crate) fn layer(folder: &Path) -> io::Result<Layer> {
    layer::write(folder, "the sandbox's own files", ROOT_OWNED, |pack| {
        for (name, mode) in EMPTY {
            pack.empty(Path::new(name), *mode)?;
        }
        pack.folder(Path::new("home/sandbox"), 0o755)?;
        for name in REMOVED {
            pack.remove(Path::new(name))?;
        }
        pack.link(Path::new("var/tmp"), Path::new("/tmp"), EntryType::Symlink)?;
        for (name, content) in GENERATED {
            pack.file(
                &PathBuf::from("etc").join(name),
                0o644,
                0,
                content.as_bytes(),
            )?;
        }
        let utc = Path::new("/usr/share/zoneinfo/Etc/UTC");
        pack.link(Path::new("etc/localtime"), utc, EntryType::Symlink)
    })
}
