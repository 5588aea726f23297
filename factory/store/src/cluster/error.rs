//! What can go wrong with the private cluster.

use std::path::PathBuf;

use super::programs::OLDEST;

/// A failure to start or stop the private cluster.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// There are no Postgres programs.
    #[error(
        "swemill keeps its data in PostgreSQL {OLDEST} or newer and found none ({tried}); install it \
         (on Debian and Ubuntu: apt-get install postgresql) or set DATABASE_URL to a server"
    )]
    NoPostgres {
        /// Where they were looked for, and what happened.
        tried: String,
    },
    /// The data were written by a major version whose programs are gone.
    #[error(
        "the data in {folder} were written by PostgreSQL {needed}, but only {found} is installed; install \
         PostgreSQL {needed} again, or start with empty data by moving {folder} away",
        folder = folder.display()
    )]
    OtherVersion {
        /// The cluster's data.
        folder: PathBuf,
        /// The major version that wrote them.
        needed: u32,
        /// The major versions that are there.
        found: String,
    },
    /// Postgres refuses to run as root, and no other identity can be used.
    #[error(
        "PostgreSQL does not run as root, and running it under another user id failed: {reason}; run swemill as an \
         ordinary user, allow user namespaces, put SWEMILL_HOME where every user can enter, or set DATABASE_URL"
    )]
    Identity {
        /// What was tried and what happened.
        reason: String,
    },
    /// The data folder belongs to another user.
    #[error(
        "the data in {folder} belong to user id {owner}, and this is user id {user}; run swemill as that user, \
         or set SWEMILL_HOME to a folder of your own",
        folder = folder.display()
    )]
    OtherOwner {
        /// The cluster's data.
        folder: PathBuf,
        /// Whose they are.
        owner: u32,
        /// Who this is.
        user: u32,
    },
    /// No folder is short enough for a socket.
    #[error(
        "the path of a unix socket has at most 107 bytes, and a folder for it could not be made ({tried}); \
         set XDG_RUNTIME_DIR or TMPDIR to a short folder of your own"
    )]
    SocketFolder {
        /// What was tried and what happened.
        tried: String,
    },
    /// The disk is full.
    #[error("no space is left for the database in {folder}; free some, or set SWEMILL_HOME to another disk", folder = folder.display())]
    DiskFull {
        /// The cluster's folder.
        folder: PathBuf,
    },
    /// A program of Postgres failed.
    #[error("{program} failed in {folder}: {output}", folder = folder.display())]
    Program {
        /// Which one.
        program: &'static str,
        /// The cluster's folder.
        folder: PathBuf,
        /// The end of what it said.
        output: String,
    },
    /// The server neither became ready nor ended.
    #[error("PostgreSQL in {folder} did not {what} within {seconds} s; its log is {log}", folder = folder.display(), log = log.display())]
    Unresponsive {
        /// The cluster's folder.
        folder: PathBuf,
        /// What was waited for.
        what: &'static str,
        /// How long.
        seconds: u64,
        /// Where to look.
        log: PathBuf,
    },
    /// A file or folder cannot be used.
    #[error("cannot {what} {path}: {source}", path = path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// The path.
        path: PathBuf,
        /// What happened.
        source: std::io::Error,
    },
}

impl ClusterError {
    /// For `map_err` on an operation on `path`.
    pub(super) fn file(
        what: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| {
            if source.kind() == std::io::ErrorKind::StorageFull {
                Self::DiskFull { folder: path }
            } else {
                Self::File { what, path, source }
            }
        }
    }
}
