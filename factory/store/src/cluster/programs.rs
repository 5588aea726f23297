//! Finding Postgres's programs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::ClusterError;
use super::folder::Folder;

/// The oldest major version that the schema works on.
pub(super) const OLDEST: u32 = 14;

/// The programs of one Postgres.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Programs {
    /// Their folder.
    pub(super) folder: PathBuf,
    /// Their major version.
    pub(super) major: u32,
}

impl Programs {
    pub(super) fn initdb(&self) -> PathBuf {
        self.folder.join("initdb")
    }

    pub(super) fn postgres(&self) -> PathBuf {
        self.folder.join("postgres")
    }

    /// The programs in a folder, if they work and are not too old.
    pub(super) fn in_folder(folder: &Path) -> Option<Self> {
        // A folder of links (as /usr/local/bin may be) would hide the share and lib folders beside the real one.
        let folder = fs::canonicalize(folder.join("postgres"))
            .ok()?
            .parent()?
            .to_owned();
        if !folder.join("initdb").is_file() {
            return None;
        }
        let said = Command::new(folder.join("postgres"))
            .arg("--version")
            .output()
            .ok()?;
        let major = major(&String::from_utf8_lossy(&said.stdout))?;
        (major >= OLDEST).then_some(Self { folder, major })
    }
}

/// The major version in `postgres (Postgres) 15.18 (Debian …)`.
fn major(said: &str) -> Option<u32> {
    let version = said.split_once("(PostgreSQL)")?.1.trim_start();
    let digits = version.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// The programs for the data in the folder: those of the version that wrote them, or the newest if there are none.
/// `None`: there are no programs at all, and no data that would need a certain version of them.
pub(super) fn choose(folder: &Folder) -> Result<Option<Programs>, ClusterError> {
    let mut by_major: BTreeMap<u32, Programs> = BTreeMap::new();
    for place in places(folder) {
        if let Some(programs) = Programs::in_folder(&place) {
            by_major.entry(programs.major).or_insert(programs);
        }
    }
    let Some(needed) = data_version(folder)? else {
        return Ok(by_major.pop_last().map(|(_, newest)| newest));
    };
    match by_major.remove(&needed) {
        Some(programs) => Ok(Some(programs)),
        None if by_major.is_empty() => Ok(None),
        None => Err(ClusterError::OtherVersion {
            folder: folder.data(),
            needed,
            found: by_major
                .keys()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" and "),
        }),
    }
}

/// The major version that wrote the data, if there are data.
fn data_version(folder: &Folder) -> Result<Option<u32>, ClusterError> {
    let path = folder.data().join("PG_VERSION");
    match fs::read_to_string(&path) {
        Ok(version) => Ok(version.trim().parse().ok()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ClusterError::file("read", path)(error)),
    }
}

/// Where programs may be: what the user put on the path first, then where distributions hide the server.
fn places(folder: &Folder) -> Vec<PathBuf> {
    let mut places: Vec<PathBuf> = std::env::var_os("PATH")
        .map(|path| std::env::split_paths(&path).collect())
        .unwrap_or_default();
    if let Ok(said) = Command::new("pg_config").arg("--bindir").output() {
        places.push(PathBuf::from(String::from_utf8_lossy(&said.stdout).trim()));
    }
    // Debian and Ubuntu; Fedora and its kin.
    for (parent, prefix) in [("/usr/lib/postgresql", ""), ("/usr", "pgsql-")] {
        let Ok(entries) = fs::read_dir(parent) else {
            continue;
        };
        let mut found: Vec<PathBuf> = entries
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
            .map(|entry| entry.path().join("bin"))
            .collect();
        found.sort();
        places.append(&mut found);
    }
    places.push(super::wheel::programs(&folder.programs()));
    places.retain(|place| place.is_absolute());
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_what_postgres_says() {
        assert_eq!(
            major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"),
            Some(15)
        );
        assert_eq!(major("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(major("postgres: not found"), None);
    }
}
