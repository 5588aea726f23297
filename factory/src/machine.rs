//! What stages need of this machine: sandboxes, fetched trees, environments. Folders here are caches named by
//! content; one that is missing is made again from what the store knows.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use sqlx::PgPool;
use swemill_environment::interpreter::Interpreter;
use swemill_environment::{Builder, Built, Project, Recipe, TESTBED};
use swemill_harness::{Baseline, Reach, Stage, TestCommand};
use swemill_sandbox::{Backend, Command, Environment};
use swemill_source::{Fetcher, Source as Origin};
use swemill_store::candidates::{self, Candidate};
use swemill_store::repositories::{self, Repository};
use swemill_store::sources::{self, Source};
use swemill_store::{Store, environments, jobs, reaches, tests};
use tokio::sync::{Mutex, OnceCell};

use crate::backends;
use crate::baseline;
use crate::events::{Event, Listener};
use crate::failure::StageError;
use crate::rollouts::{GRADE, ROLLOUT, Workplace};
use crate::seal::view::View;
use crate::service::Service;
use crate::settings::Settings;
use crate::stages::KINDS;
use crate::staging::{self, Staging};
use crate::statement::snippet::Snippets;
use crate::warm::Idle;

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

/// An environment that is ready to run candidates.
#[derive(Debug)]
pub struct Loaded {
    /// The repository's name.
    pub name: String,
    /// What sandboxes are started from.
    pub environment: Environment,
    /// How its tests are started.
    pub command: TestCommand,
    /// What its untouched tests do.
    pub baseline: Baseline,
    /// Which lines they execute, where that is known.
    pub reach: Option<Reach>,
    /// Why its tests' process cannot wait to be copied at a stage.
    cold: std::sync::Mutex<HashMap<Stage, String>>,
    /// The repository's files on the host.
    pub tree: PathBuf,
    /// The sources of their tests.
    pub snippets: Snippets,
    /// Where they are inside.
    pub testbed: PathBuf,
    /// The number of each test in the store.
    ordinals: HashMap<String, i32>,
}

impl Loaded {
    /// Whether its files are still on the disk.
    fn is_whole(&self) -> bool {
        let mut layers = self
            .environment
            .spec
            .trees
            .iter()
            .flat_map(|tree| &tree.lower);
        self.tree.is_dir() && layers.all(|layer| layer.is_dir())
    }

    /// Why its tests' process cannot wait to be copied at a stage, if that was found out.
    pub fn cold(&self, stage: Stage) -> Option<String> {
        let cold = self.cold.lock().unwrap_or_else(PoisonError::into_inner);
        cold.get(&stage).cloned()
    }

    /// Notes why it cannot.
    pub fn set_cold(&self, stage: Stage, reason: &str) {
        let mut cold = self.cold.lock().unwrap_or_else(PoisonError::into_inner);
        cold.insert(stage, reason.to_owned());
    }

    /// The repository's files as a fresh sandbox sees them.
    pub fn view(&self) -> Result<View, StageError> {
        let view = View::of(&self.environment.spec, &self.testbed);
        view.ok_or_else(|| StageError::infra("the environment has no repository in it"))
    }

    /// The numbers of tests in the store.
    pub fn ordinals(&self, tests: &BTreeSet<String>) -> Result<Vec<i32>, StageError> {
        let ordinal = |test: &String| {
            let found = self.ordinals.get(test).copied();
            found.ok_or_else(|| {
                StageError::grader(format!("the baseline in the store does not know {test}"))
            })
        };
        tests.iter().map(ordinal).collect()
    }
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

    /// An environment, ready to run candidates. Made once for all jobs of this process; rebuilt from its lock
    /// when the cache has lost it.
    pub async fn environment(&self, id: i64) -> Result<Arc<Loaded>, StageError> {
        let cell = self
            .environments
            .lock()
            .await
            .entry(id)
            .or_default()
            .clone();
        let loaded = cell.get_or_try_init(|| self.load(id)).await?;
        if loaded.is_whole() {
            return Ok(loaded.clone());
        }
        // A cache that was deleted under a running worker is made again, by the first who notices.
        let mut environments = self.environments.lock().await;
        let known = environments.entry(id).or_default();
        if Arc::ptr_eq(known, &cell) {
            *known = Arc::default();
        }
        let cell = known.clone();
        drop(environments);
        Ok(cell.get_or_try_init(|| self.load(id)).await?.clone())
    }

    /// Makes of a built environment what sandboxes are started from.
    pub(crate) async fn prepare(
        &self,
        built: &Built,
        repository: &Repository,
    ) -> Result<Environment, StageError> {
        let mut spec = built.spec();
        let licence = repository
            .licence
            .iter()
            .map(|licence| ("licence", licence));
        let labels = [("source", &repository.spec), ("commit", &repository.commit)];
        for (name, value) in labels.into_iter().chain(licence) {
            spec.labels.insert(name.to_owned(), value.clone());
        }
        let environment = self.backend.prepare(&spec).await?;
        if built.interpreter.is_of_the_system() && self.shows_another_system() {
            self.check_interpreter(&built.interpreter, &environment)
                .await?;
        }
        Ok(environment)
    }

    /// Whether tests find another system's programs than this machine's.
    fn shows_another_system(&self) -> bool {
        self.backend.name() != backends::NATIVE || !self.settings.system_root.is_empty()
    }

    /// Checks that a system that is not this machine's has the same release of the interpreter in the same place.
    async fn check_interpreter(
        &self,
        interpreter: &Interpreter,
        environment: &Environment,
    ) -> Result<(), StageError> {
        let sandbox = self
            .backend
            .start(environment, &self.settings.test_limits())
            .await?;
        let program = interpreter.path_inside();
        let question = "import platform; print(platform.python_version())";
        let command = Command::new([program.as_os_str(), "-c".as_ref(), question.as_ref()]);
        let found = match sandbox.exec(command).await {
            Ok(output) => output.stdout.to_text().trim().to_owned(),
            Err(swemill_sandbox::Error::Spawn { .. }) => "none".to_owned(),
            Err(error) => return Err(error.into()),
        };
        sandbox.stop().await?;
        if found == interpreter.release() {
            return Ok(());
        }
        Err(StageError::environment(format!(
            "the environment needs Python {} at {}, and the system that sandboxes show has {found}; make it from this machine's \
             release with `swemill image bootstrap --suite`, or build with an interpreter from outside of /usr, \
             which images bring along",
            interpreter.release(),
            program.display(),
        )))
    }

    async fn load(&self, id: i64) -> Result<Arc<Loaded>, StageError> {
        let stored = environments::get(self.pool(), id).await?;
        let stored = stored
            .ok_or_else(|| StageError::infra(format!("environment {id} is not in the store")))?;
        let repository = self.repository(stored.repository_id).await?;
        let project = self.project(&repository).await?;
        let recipe: Recipe = serde_json::from_value(stored.recipe).map_err(|error| {
            StageError::infra(format!("the stored recipe of {}: {error}", stored.digest))
        })?;
        let built = self.builder.restore(&recipe, &project).await?;
        let tests = tests::list(self.pool(), id).await?;
        let baseline = baseline::from_stored(stored.baseline.unwrap_or_default(), &tests)?;
        let reach = match reaches::get(self.pool(), id, Reach::FORMAT).await? {
            // What cannot be read is not known: the slow way is left.
            Some(reaches::Stored::Known(bytes)) => Reach::from_bytes(&bytes).ok(),
            _ => None,
        };
        let ordinals = tests
            .into_iter()
            .map(|test| (test.node_id, test.ordinal))
            .collect();
        let environment = self.prepare(&built, &repository).await?;
        Ok(Arc::new(Loaded {
            name: repository.name,
            environment,
            command: built.recipe.test_command.clone(),
            baseline,
            reach,
            cold: std::sync::Mutex::default(),
            snippets: Snippets::new(&project.tree),
            tree: project.tree,
            testbed: Path::new(TESTBED).to_owned(),
            ordinals,
        }))
    }
}

/// The digest of a tree's content; none when it cannot be read.
async fn digest_of(tree: &Path) -> Option<String> {
    let tree = tree.to_owned();
    let digest = tokio::task::spawn_blocking(move || swemill_source::tree_digest(&tree));
    digest.await.ok()?.ok()
}
