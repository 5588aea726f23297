//! The plugin's files, where sandboxes can see them.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use swemill_sandbox::Mount;

use crate::{Error, Result};

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../plugin/", $name)))),+]
    };
}

const FILES: &[(&str, &str)] = files![
    "swemill_chance.py",
    "swemill_channel.py",
    "swemill_children.py",
    "swemill_defaults.py",
    "swemill_exchange.py",
    "swemill_hooks.py",
    "swemill_launch.py",
    "swemill_options.py",
    "swemill_quiet.py",
    "swemill_shelf.py",
    "swemill_stages.py",
    "swemill_state.py",
    "swemill_template.py",
    "swemill_trace.py",
    "swemill_watch.py",
];

/// The folder of the plugin inside every sandbox. It bears a digest of its files, so that a sandbox made for
/// another version of them fails at once.
pub fn folder() -> PathBuf {
    PathBuf::from(format!("/opt/swemill-harness-{}", digest()))
}

/// The program inside a sandbox that runs pytest with the plugin.
pub fn program() -> PathBuf {
    folder().join("swemill_launch.py")
}

/// Puts the files into a folder of their own in `cache` and says how a sandbox mounts it. Safe to call from
/// many processes at once; costs one look at the folder when it is there already.
pub fn install(cache: &Path) -> Result<Mount> {
    let source = cache.join(format!("harness-{}", digest()));
    if !is_complete(&source) {
        write(cache, &source)?;
    }
    Ok(Mount {
        source,
        target: folder(),
        writable: false,
    })
}

fn digest() -> String {
    let mut hasher = Sha256::new();
    for (name, text) in FILES {
        hasher.update(format!("{name} {}\n{text}", text.len()));
    }
    hex::encode(&hasher.finalize()[..8])
}

fn is_complete(folder: &Path) -> bool {
    FILES
        .iter()
        .all(|(name, text)| fs::read(folder.join(name)).is_ok_and(|bytes| bytes == text.as_bytes()))
}

/// Writes beside the place and renames, so that no one ever sees half of it.
fn write(cache: &Path, place: &Path) -> Result<()> {
    let error = |path: &Path, source| Error::Install {
        path: path.to_path_buf(),
        source,
    };
    fs::create_dir_all(cache).map_err(|source| error(cache, source))?;
    let fresh = tempfile::Builder::new()
        .prefix(".harness-")
        .tempdir_in(cache)
        .map_err(|source| error(cache, source))?;
    for (name, text) in FILES {
        let path = fresh.path().join(name);
        fs::write(&path, text).map_err(|source| error(&path, source))?;
    }
    make_readable(fresh.path()).map_err(|source| error(fresh.path(), source))?;
    let mut renamed = fs::rename(fresh.path(), place);
    if renamed.is_err() && !is_complete(place) {
        // Someone changed the folder: a cache, which is ours to replace.
        fs::remove_dir_all(place).map_err(|source| error(place, source))?;
        renamed = fs::rename(fresh.path(), place);
    }
    match renamed {
        Ok(()) => Ok(()),
        // Another process was faster, with the same files.
        Err(_) if is_complete(place) => Ok(()),
        Err(source) => Err(error(place, source)),
    }
}

/// The sandbox's user is not always ours, and temporary folders are private.
fn make_readable(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    for (name, _) in FILES {
        fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o644))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn installing_twice_gives_the_same_folder_and_leaves_nothing_else() {
        let cache = tempfile::tempdir().unwrap();
        let first = install(cache.path()).unwrap();
        assert_eq!(install(cache.path()).unwrap(), first);
        assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 1);
        assert!(first.source.join("swemill_launch.py").is_file());
        assert_eq!(first.target.join("swemill_launch.py"), program());
    }

    #[test]
    fn a_damaged_folder_is_replaced() {
        let cache = tempfile::tempdir().unwrap();
        let mount = install(cache.path()).unwrap();
        fs::write(mount.source.join("swemill_hooks.py"), "").unwrap();
        install(cache.path()).unwrap();
        assert!(is_complete(&mount.source));
    }
}
