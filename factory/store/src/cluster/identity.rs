//! Under which user id the server runs. Postgres refuses to be root.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::fcntl::{OFlag, open};
use nix::sched::{CloneFlags, unshare};
use nix::sys::stat::Mode;
use nix::unistd::{Gid, Uid, User, getegid, geteuid, write};

use super::ClusterError;
use super::folder::Folder;

/// Who the server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Identity {
    /// The caller, an ordinary user.
    Caller,
    /// Root, but under an ordinary id in a user namespace of its own: its files are root's (so they may lie in a
    /// folder that only root can enter), and it has no privileges.
    Namespace,
    /// An unprivileged user of the system, for a root that may not make user namespaces.
    User(Uid, Gid),
}

impl Identity {
    /// The identity that fits this caller, this machine and the data that are there.
    pub(super) fn choose(folder: &Folder) -> Result<Self, ClusterError> {
        let owner = owner_of_data(folder)?;
        let caller = geteuid();
        if !caller.is_root() {
            return match owner {
                Some(owner) if owner != caller => Err(ClusterError::OtherOwner {
                    folder: folder.data(),
                    owner: owner.as_raw(),
                    user: caller.as_raw(),
                }),
                _ => Ok(Self::Caller),
            };
        }
        match owner {
            Some(owner) if !owner.is_root() => {
                let user = User::from_uid(owner).ok().flatten();
                Self::user(
                    folder,
                    owner,
                    user.map_or(Gid::from_raw(owner.as_raw()), |user| user.gid),
                )
            }
            _ => match namespaces_work() {
                Ok(()) => Ok(Self::Namespace),
                Err(refused) => Self::system_user(folder).map_err(|error| match error {
                    ClusterError::Identity { reason } => ClusterError::Identity {
                        reason: format!("a user namespace: {refused}; {reason}"),
                    },
                    other => other,
                }),
            },
        }
    }

    fn system_user(folder: &Folder) -> Result<Self, ClusterError> {
        let user = ["postgres", "nobody"]
            .iter()
            .find_map(|name| User::from_name(name).ok().flatten())
            .filter(|user| !user.uid.is_root());
        let (uid, gid) = user.map_or((Uid::from_raw(65534), Gid::from_raw(65534)), |user| {
            (user.uid, user.gid)
        });
        Self::user(folder, uid, gid)
    }

    fn user(folder: &Folder, uid: Uid, gid: Gid) -> Result<Self, ClusterError> {
        // Our own folders may be entered (not read) by all; those above are not ours to change.
        let ours = [Some(folder.root()), folder.root().parent()];
        for path in ours.into_iter().flatten() {
            let mode = fs::metadata(path)
                .map_err(ClusterError::file("look at", path))?
                .mode();
            fs::set_permissions(path, fs::Permissions::from_mode(mode | 0o011))
                .map_err(ClusterError::file("open to the server's user", path))?;
        }
        for path in folder.root().ancestors() {
            let found = fs::metadata(path).map_err(ClusterError::file("look at", path))?;
            if !enters(&found, uid, gid) {
                return Err(ClusterError::Identity {
                    reason: format!("user id {uid}: it cannot enter {}", path.display()),
                });
            }
        }
        if folder.data().exists() {
            give(&folder.data(), uid, gid)?;
        }
        Ok(Self::User(uid, gid))
    }

    /// Makes a folder the server's own. The caller's is already.
    pub(super) fn own(self, path: &Path) -> Result<(), ClusterError> {
        match self {
            Self::User(uid, gid) => chown(path, Some(uid.as_raw()), Some(gid.as_raw()))
                .map_err(ClusterError::file("give to the server's user", path)),
            Self::Caller | Self::Namespace => Ok(()),
        }
    }

    /// The owner of the server's files, as this command sees it.
    pub(super) fn owner(self) -> Uid {
        match self {
            Self::User(uid, _) => uid,
            Self::Caller | Self::Namespace => geteuid(),
        }
    }

    /// A command that runs under this identity, with nothing of the caller's environment but the path.
    pub(super) fn command(self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .current_dir("/")
            .stdin(Stdio::null());
        match self {
            Self::Caller => {}
            Self::User(uid, gid) => {
                command.uid(uid.as_raw()).gid(gid.as_raw());
            }
            Self::Namespace => {
                let (uid, gid) = (Map::new(geteuid().as_raw()), Map::new(getegid().as_raw()));
                // SAFETY: between fork and exec only unshare, open, write and close are called, on values made
                // before the fork; nothing allocates or locks.
                unsafe { command.pre_exec(move || enter_namespace(&uid, &gid)) };
            }
        }
        command
    }
}

/// The line `1000 ID 1` of a map of user or group ids: inside, the caller is id 1000.
#[derive(Clone, Copy)]
struct Map {
    line: [u8; 32],
    length: usize,
}

impl Map {
    fn new(outside: u32) -> Self {
        let text = format!("1000 {outside} 1\n");
        let mut line = [0; 32];
        line[..text.len()].copy_from_slice(text.as_bytes());
        Self {
            line,
            length: text.len(),
        }
    }
}

fn enter_namespace(uid: &Map, gid: &Map) -> io::Result<()> {
    unshare(CloneFlags::CLONE_NEWUSER)?;
    put(c"/proc/self/setgroups", b"deny")?;
    put(c"/proc/self/uid_map", &uid.line[..uid.length])?;
    put(c"/proc/self/gid_map", &gid.line[..gid.length])
}

fn put(path: &std::ffi::CStr, text: &[u8]) -> io::Result<()> {
    let file = open(path, OFlag::O_WRONLY | OFlag::O_CLOEXEC, Mode::empty())?;
    write(&file, text)?;
    Ok(())
}

fn namespaces_work() -> Result<(), String> {
    match Identity::Namespace.command(Path::new("/bin/true")).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(status.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

fn owner_of_data(folder: &Folder) -> Result<Option<Uid>, ClusterError> {
    let data = folder.data();
    match fs::metadata(&data) {
        Ok(found) => Ok(Some(Uid::from_raw(found.uid()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ClusterError::file("look at", data)(error)),
    }
}

fn enters(folder: &fs::Metadata, uid: Uid, gid: Gid) -> bool {
    let bit = if folder.uid() == uid.as_raw() {
        0o100
    } else if folder.gid() == gid.as_raw() {
        0o010
    } else {
        0o001
    };
    folder.mode() & bit != 0
}

/// Gives a whole tree to a user; what is the user's already is left as it is.
fn give(path: &Path, uid: Uid, gid: Gid) -> Result<(), ClusterError> {
    let found = fs::symlink_metadata(path).map_err(ClusterError::file("look at", path))?;
    if found.uid() != uid.as_raw() {
        std::os::unix::fs::lchown(path, Some(uid.as_raw()), Some(gid.as_raw()))
            .map_err(ClusterError::file("give to the server's user", path))?;
    }
    if found.is_dir() {
        for entry in fs::read_dir(path).map_err(ClusterError::file("list", path))? {
            let entry = entry.map_err(ClusterError::file("list", path))?;
            give(&entry.path(), uid, gid)?;
        }
    }
    Ok(())
}
