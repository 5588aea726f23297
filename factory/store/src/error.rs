//! What can go wrong with the store.

use crate::cluster::ClusterError;

/// The result of a store operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The private cluster could not be started or stopped.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// `DATABASE_URL` cannot be read as one.
    #[error(
        "DATABASE_URL is not a Postgres URL: {0}; write it as postgres://USER:PASSWORD@HOST/DATABASE"
    )]
    Url(#[source] sqlx::Error),
    /// No connection could be made.
    #[error(
        "cannot connect to Postgres at {server}: {source}; check that it runs and that DATABASE_URL is right"
    )]
    Connect {
        /// Host and database, without the password.
        server: String,
        /// What happened.
        source: sqlx::Error,
    },
    /// The server is older than what the schema needs.
    #[error("Postgres at {server} is version {found}; swemill needs {needed} or newer")]
    ServerTooOld {
        /// Host and database, without the password.
        server: String,
        /// Its major version.
        found: i32,
        /// The oldest that works.
        needed: i32,
    },
    /// The schema could not be brought up to date.
    #[error("cannot bring the database schema up to date: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// The worker no longer owns the job: its lease ran out, and another worker has the job or will have it.
    /// The transaction must be rolled back.
    #[error(
        "the lease on job {job} is lost (its worker did not renew it in time); its result is dropped and the job runs again"
    )]
    LeaseLost {
        /// The job.
        job: i64,
    },
    /// A query failed.
    #[error("the database refused or did not answer: {0}")]
    Database(#[from] sqlx::Error),
    /// A stored document does not have the shape that it must have.
    #[error("stored {what} cannot be read: {source}; was it written by a newer swemill?")]
    Document {
        /// Which one.
        what: String,
        /// What is wrong.
        source: serde_json::Error,
    },
}

impl Error {
    /// The name of the constraint that a write broke, if that is what happened.
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::Database(sqlx::Error::Database(error)) => error.constraint(),
            _ => None,
        }
    }
}
