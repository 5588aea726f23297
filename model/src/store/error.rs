//! What goes wrong in the model store, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

/// An error of the model store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The words name no model.
    #[error("cannot take '{given}' for a model: {why}")]
    Reference {
        /// What was given.
        given: String,
        /// Why it is none, and what would be.
        why: String,
    },
    /// The store does not hold it.
    #[error(
        "the store has no model '{name}'; `swemill model pull {name}` fetches it, `swemill model list` shows what is there"
    )]
    NotInStore {
        /// The model's name.
        name: String,
    },
    /// Another process fetches it right now.
    #[error("'{name}' is being pulled by another process; wait for it, or stop it and pull again")]
    Busy {
        /// The model's name.
        name: String,
    },
    /// A remote place does not have it.
    #[error("{what} was not found: {hint}")]
    NotFound {
        /// What was asked for.
        what: String,
        /// What to look at.
        hint: String,
    },
    /// A remote place wants to know who asks.
    #[error("{url} refused: {hint}")]
    Denied {
        /// The address, without credentials.
        url: String,
        /// How to say who one is.
        hint: String,
    },
    /// The network is forbidden by a setting.
    #[error("{what} needs the network, which {setting} forbids; unset it, or pull from a folder")]
    Offline {
        /// What would have been fetched.
        what: String,
        /// The setting.
        setting: &'static str,
    },
    /// The network failed, after several tries.
    #[error(
        "cannot fetch {url}: {reason}; what has arrived is kept, pull again to go on from there"
    )]
    Network {
        /// The address, without credentials.
        url: String,
        /// What happened.
        reason: String,
    },
    /// A server answered something that makes no sense.
    #[error("{url} answered what cannot be understood: {reason}")]
    Answer {
        /// The address, without credentials.
        url: String,
        /// What was wrong with it.
        reason: String,
    },
    /// A file is not what it should be.
    #[error("{file} has the sha256 {actual} and not {expected}; it was deleted, pull again")]
    Digest {
        /// The file.
        file: String,
        /// What was announced.
        expected: String,
        /// What arrived.
        actual: String,
    },
    /// A file is cut or broken.
    #[error("{} is no readable model: {reason}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The disk is full.
    #[error("no space is left for {}; free some, or set SWEMILL_HOME to a larger disk, then pull again to go on", path.display())]
    DiskFull {
        /// The file that could not be written.
        path: PathBuf,
    },
    /// A setting cannot be used.
    #[error("{place}: {reason}")]
    Setting {
        /// Where the setting is.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The file system failed.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A result of the model store.
pub type Result<T> = std::result::Result<T, Error>;

/// Gives an I/O error its context; a full disk gets words of its own.
pub(super) fn io_error<'a>(
    action: &'static str,
    path: &'a Path,
) -> impl FnOnce(io::Error) -> Error + 'a {
    move |source| match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::DiskFull {
            path: path.to_owned(),
        },
        _ => Error::Io {
            action,
            path: path.to_owned(),
            source,
        },
    }
}
