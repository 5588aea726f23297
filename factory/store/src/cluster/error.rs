//! What can go wrong with the private cluster.

/// A failure to start or stop the private cluster.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// There are no PostgreSQL programs.
    #[error(
        "swemill keeps its data in PostgreSQL and found none ({tried}); install it (Debian: apt-get install postgresql) or set DATABASE_URL to a server"
    )]
    NoPostgres {
        /// Where they were looked for.
        tried: String,
    },
}
