//! What stages need of this machine: sandboxes, fetched trees, environments. Folders here are caches named by
//! content; one that is missing is made again from what the store knows.

mod environments;
mod loaded;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use swemill_environment::{Builder, Project};
use swemill_sandbox::Backend;
use swemill_source::{Fetcher, Source as Origin};
use swemill_store::candidates::{self, Candidate};
use swemill_store::repositories::{self, Repository};
use swemill_store::sources::{self, Source};
use swemill_store::{Store, jobs};
use tokio::sync::{Mutex, OnceCell};

use crate::backends;
use crate::events::{Event, Listener};
use crate::failure::StageError;
use crate::rollouts::{GRADE, ROLLOUT, Workplace};
use crate::service::Service;
use crate::settings::Settings;
use crate::stages::KINDS;
use crate::staging::{self, Staging};
use crate::warm::Idle;

pub use loaded::Loaded;

/// Everything that stages work with.
pub struct Machine {
    /// The settings in force.
    pub settings: Settings,
    store: Arc<Store>,
    backend: Arc<dyn Backend>,
    fetcher: Fetcher,
    builder: Builder,
    listener: Arc<dyn Listener>,
    environments: Mutex<HashMap<i64, Arc<OnceCell<Arc<Loaded>>>>>,
    trees: Mutex<()>,
    warm: Idle,
    workplace: Workplace,
}

impl Machine {
    /// Gets this machine ready; says what is missing.
    pub async fn open(service: &Service, listener: Arc<dyn Listener>) -> anyhow::Result<Self> {
        let settings = service.settings.clone();
        let backend = backends::choose(&settings).await?.backend;
        let workshop: Arc<dyn Backend> = Arc::new(backends::native());
        let index = swemill_source::Settings::from_environment()?;
        staging::reap(&settings.home.join("trees"));
        let cache = settings.home.join("downloads");
        let fetcher = Fetcher::new(cache, index, swemill_source::Limits::default());
        let options = swemill_environment::Options {
            limits: settings.build_limits(),
            test_timeout: Duration::from_secs(settings.test_timeout_seconds),
            ..swemill_environment::Options::default()
        };
        let builder = Builder::with_options(settings.home.clone(), workshop, options).await?;
        Ok(Self {
            store: service.store(),
            // One of each stage for every job that runs at one time.
            warm: Idle::new(2 * settings.workers),
            workplace: Workplace::new(2 * settings.workers),
            settings,
            backend,
            fetcher,
            builder,
            listener,
            environments: Mutex::default(),
            trees: Mutex::default(),
        })
    }

    /// The store's connections.
    pub fn pool(&self) -> &PgPool {
        self.store.pool()
    }

    /// The store.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Where sandboxes come from.
    pub fn backend(&self) -> &dyn Backend {
        self.backend.as_ref()
    }

    /// The same, for what outlives a borrow.
    pub(crate) fn shared_backend(&self) -> Arc<dyn Backend> {
        self.backend.clone()
    }

    /// Processes that wait to run tests.
    pub fn warm(&self) -> &Idle {
        &self.warm
    }

    /// What attempts share.
    pub(crate) fn workplace(&self) -> &Workplace {
        &self.workplace
    }

    /// The builder of environments.
    pub(crate) fn builder(&self) -> &Builder {
        &self.builder
    }

    /// Tells the user something.
    pub fn tell(&self, event: Event) {
        self.listener.hear(event);
    }

    /// Tells the user which step of a stage began.
    pub fn step(&self, what: &str, step: &str) {
        self.tell(Event::Step {
            what: what.to_owned(),
            step: step.to_owned(),
        });
    }

    /// Tells how many validations an earlier command left in the queue.
    pub async fn tell_backlog(&self) -> Result<(), StageError> {
        let validate = &KINDS[KINDS.len() - 1..];
        let waiting = jobs::unfinished(self.pool(), validate).await?;
        if waiting > 0 {
            self.tell(Event::Expected {
                candidates: waiting.unsigned_abs(),
            });
        }
        let rollouts = jobs::unfinished(self.pool(), &[ROLLOUT, GRADE]).await?;
        if rollouts > 0 {
            self.tell(Event::ExpectedRollouts {
                rollouts: rollouts.unsigned_abs(),
            });
        }
        Ok(())
    }

    /// A source by its number.
    pub async fn source(&self, id: i64) -> Result<Source, StageError> {
        let found = sources::get(self.pool(), id).await?;
        found.ok_or_else(|| StageError::infra(format!("source {id} is not in the store")))
    }

    /// A candidate by its id.
    pub async fn candidate(&self, id: &str) -> Result<Candidate, StageError> {
        let found = candidates::get(self.pool(), id).await?;
        found.ok_or_else(|| StageError::infra(format!("candidate {id} is not in the store")))
    }

    /// The repository that a source was pinned to.
    pub async fn repository_of(&self, source: &Source) -> Result<Repository, StageError> {
        let id = source
            .repository_id
            .ok_or_else(|| StageError::infra("the source is not pinned yet"))?;
        self.repository(id).await
    }

    async fn repository(&self, id: i64) -> Result<Repository, StageError> {
        let found = repositories::get(self.pool(), id).await?;
        found.ok_or_else(|| StageError::infra(format!("repository {id} is not in the store")))
    }

    /// Fetches a source into the cache of trees.
    pub async fn fetch(
        &self,
        spec: &str,
        revision: Option<&str>,
    ) -> Result<swemill_source::Repository, StageError> {
        let origin: Origin = spec.parse()?;
        let trees = self.settings.home.join("trees");
        let unwritable = |error: std::io::Error| {
            StageError::infra(format!("cannot write to {}: {error}", trees.display()))
        };
        std::fs::create_dir_all(&trees).map_err(unwritable)?;
        let staging = Staging::new(&trees).map_err(unwritable)?;
        let destination = staging.path().join("tree");
        let mut repository = self.fetcher.fetch(&origin, revision, &destination).await?;
        let place = self.place_of(&repository.tree_digest);
        // Two workers may fetch the same tree: whoever is second finds it there, with the same content.
        let _one_at_a_time = self.trees.lock().await;
        if !place.is_dir() {
            self.backend.adopt(&repository.tree).await?;
            if let Err(error) = std::fs::rename(&repository.tree, &place)
                && !place.is_dir()
            {
                return Err(unwritable(error));
            }
        }
        repository.tree = place;
        Ok(repository)
    }

    fn place_of(&self, tree_digest: &str) -> PathBuf {
        self.settings.home.join("trees").join(tree_digest)
    }

    /// The files of a repository; fetched again when the cache has lost them.
    pub async fn tree(&self, repository: &Repository) -> Result<PathBuf, StageError> {
        let place = self.place_of(&repository.tree);
        if place.is_dir() {
            if digest_of(&place).await.as_ref() == Some(&repository.tree) {
                return Ok(place);
            }
            // Torn by a crash of the machine, or changed by somebody: caches are made again, never believed.
            tracing::warn!(tree = %place.display(), "the cached files are not what they were; fetching them again");
            let _one_at_a_time = self.trees.lock().await;
            let gone = std::fs::remove_dir_all(&place);
            gone.map_err(|error| {
                StageError::infra(format!("cannot remove {}: {error}", place.display()))
            })?;
        }
        let origin: Origin = repository.spec.parse()?;
        let revision = matches!(origin, Origin::Git { .. }).then_some(repository.commit.as_str());
        let fetched = self.fetch(&repository.spec, revision).await?;
        if fetched.tree_digest != repository.tree {
            return Err(StageError::environment(format!(
                "{} no longer has the content of commit {}: its files changed",
                repository.spec,
                &repository.commit[..8]
            )));
        }
        Ok(fetched.tree)
    }

    /// What the builder needs to know of a repository.
    pub async fn project(&self, repository: &Repository) -> Result<Project, StageError> {
        Ok(Project {
            tree: self.tree(repository).await?,
            name: repository.name.clone(),
            commit: repository.commit.clone(),
            version: repository.version.clone(),
            released: repository.released.clone(),
            tree_digest: repository.tree.clone(),
        })
    }
}

/// The digest of a tree's content; none when it cannot be read.
async fn digest_of(tree: &Path) -> Option<String> {
    let tree = tree.to_owned();
    let digest = tokio::task::spawn_blocking(move || swemill_source::tree_digest(&tree));
    digest.await.ok()?.ok()
}
