//! What can go wrong on the way to a repository, in words that say what to do.

use std::io;
use std::path::{Path, PathBuf};

/// The result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a source did not become a repository. No message carries a password: URLs are redacted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text does not name a source.
    #[error(
        "'{given}' names no source: {why}. Write pypi:NAME==VERSION, a git URL (https://…, ssh://…, git@host:path), \
         or the path of a folder"
    )]
    Spec {
        /// What was given.
        given: String,
        /// Why it cannot be read.
        why: String,
    },
    /// Nothing is there.
    #[error("{what} was not found: {hint}")]
    NotFound {
        /// What was looked for.
        what: String,
        /// What to check.
        hint: String,
    },
    /// The other side wants to know who is asking.
    #[error("{url} needs a password: {hint}")]
    NeedsPassword {
        /// The address, redacted.
        url: String,
        /// Where a password would be looked for.
        hint: String,
    },
    /// The other side could not be reached, or stopped answering.
    #[error(
        "{url} could not be reached: {reason}. Check the network and the proxy settings (HTTPS_PROXY, NO_PROXY)"
    )]
    Network {
        /// The address, redacted.
        url: String,
        /// What happened.
        reason: String,
    },
    /// The certificate of the other side was not accepted.
    #[error(
        "the certificate of {url} was not accepted: {reason}. If a private authority signed it, name its bundle in \
         SSL_CERT_FILE (or PIP_CERT for indexes, GIT_SSL_CAINFO for git)"
    )]
    Tls {
        /// The address, redacted.
        url: String,
        /// What happened.
        reason: String,
    },
    /// The settings forbid the network.
    #[error(
        "{what} is not in the cache, and the network is switched off (UV_OFFLINE or PIP_NO_INDEX)"
    )]
    Offline {
        /// What was needed.
        what: String,
    },
    /// The server answered with something else than was asked for.
    #[error("{url} answered with {reason}")]
    Answer {
        /// The address, redacted.
        url: String,
        /// What it said.
        reason: String,
    },
    /// The repository has no such branch, tag or commit.
    #[error("{url} has no revision '{revision}'{}", listed(.near))]
    Revision {
        /// The repository, redacted.
        url: String,
        /// What was asked for.
        revision: String,
        /// Names that look like it.
        near: Vec<String>,
    },
    /// The repository has no commit yet.
    #[error("{url} is an empty repository: it has no commit to take")]
    EmptyRepository {
        /// The repository, redacted.
        url: String,
    },
    /// There is nothing here that Python could import or install.
    #[error("{place} is not Python: there is no .py file in it")]
    NotPython {
        /// The source.
        place: String,
    },
    /// The index knows the name but not the version.
    #[error("{name} has no version {version}{}", listed(.near))]
    NoVersion {
        /// The package.
        name: String,
        /// The version asked for.
        version: String,
        /// The closest that exist.
        near: Vec<String>,
    },
    /// The version has wheels only; a wheel has no tests and no history.
    #[error(
        "{name} {version} has no sdist, only {have}; name its git repository instead, or another version"
    )]
    NoSdist {
        /// The package.
        name: String,
        /// The version.
        version: String,
        /// What there is.
        have: String,
    },
    /// The authors withdrew the version.
    #[error("{name} {version} was yanked by its authors{}; choose another version", reason.as_ref().map(|r| format!(" ({r})")).unwrap_or_default())]
    Yanked {
        /// The package.
        name: String,
        /// The version.
        version: String,
        /// Their reason.
        reason: Option<String>,
    },
    /// The bytes are not those that were announced.
    #[error(
        "{file} has sha256 {actual}, but the index says {expected}: the download was damaged or tampered with, and was thrown away"
    )]
    Digest {
        /// The file.
        file: String,
        /// The announced digest.
        expected: String,
        /// The digest of what came.
        actual: String,
    },
    /// The archive or repository holds something that must not be written, or cannot be read.
    #[error("{file} was refused: {problem}")]
    Archive {
        /// The archive or repository.
        file: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A bound was reached.
    #[error("{what} is more than the limit of {limit}")]
    TooLarge {
        /// What grew too large.
        what: String,
        /// The limit, with its unit.
        limit: String,
    },
    /// There is no room.
    #[error("the disk is full: {path} could not be written. Free some space and try again")]
    DiskFull {
        /// What was being written.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("could not {action} {path}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// libgit2 refused.
    #[error("git could not read {url}: {reason}")]
    Git {
        /// The repository, redacted.
        url: String,
        /// What it said.
        reason: String,
    },
    /// The place to write to is in use.
    #[error(
        "{path} already exists and is not an empty folder; name another destination or remove it"
    )]
    Destination {
        /// The place.
        path: PathBuf,
    },
    /// A settings file or variable cannot be understood.
    #[error("the setting {place} cannot be used: {reason}")]
    Setting {
        /// The file or variable.
        place: String,
        /// Why not.
        reason: String,
    },
    /// A licence list cannot be understood.
    #[error(
        "'{given}' is no licence list: {why}. Write SPDX identifiers separated by commas, 'permissive' or 'any'"
    )]
    LicenceList {
        /// What was given.
        given: String,
        /// What is wrong with it.
        why: String,
    },
}

impl Error {
    /// Whether the same request may succeed later without any change: the job can be tried again.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Network { .. } | Self::DiskFull { .. })
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        String::new()
    } else {
        format!("; there is {}", names.join(", "))
    }
}

/// Adds what was tried to an error of the operating system.
pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::DiskFull { path },
        _ => Error::Io {
            action,
            path,
            source,
        },
    }
}
