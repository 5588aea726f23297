//! Environments by their numbers in the store: made ready once a process, rebuilt when the cache has lost them.

use std::path::Path;
use std::sync::{Arc, Mutex};

use swemill_environment::interpreter::Interpreter;
use swemill_environment::{Built, Recipe, TESTBED};
use swemill_harness::Reach;
use swemill_sandbox::{Command, Environment};
use swemill_store::repositories::Repository;
use swemill_store::{environments, reaches, tests};

use super::{Loaded, Machine};
use crate::backends;
use crate::baseline;
use crate::failure::StageError;
use crate::statement::snippet::Snippets;

impl Machine {
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
            cold: Mutex::default(),
            snippets: Snippets::new(&project.tree),
            tree: project.tree,
            testbed: Path::new(TESTBED).to_owned(),
            ordinals,
        }))
    }
}
