//! From a project to its environment, by trying.

mod attempt;
mod finish;
mod mended;
mod trial;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use swemill_harness as harness;
use swemill_sandbox::{Backend, Limits};
use tokio::sync::OnceCell;

use crate::built::{Built, MountRecord};
use crate::error::{BuildFailure, Class, Result, Step};
use crate::files;
use crate::interpreter::{self, Interpreter};
use crate::network::NetworkSettings;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::project::Project;
use crate::recipe::Recipe;
use crate::tool::{self, Tool};
use crate::workshop::Workshop;

use attempt::{Attempt, Outcome};

/// The most combinations of interpreter and cut-off day that one build tries.
const MOST_ATTEMPTS: usize = 4;

/// What a build may use and where it puts things.
#[derive(Clone, Debug)]
pub struct Options {
    /// Ceilings of every build step, and the wall time of one test run.
    pub limits: Limits,
    /// How long the tests may take when they are run once.
    pub test_timeout: Duration,
    /// A day (`YYYY-MM-DD`) after which nothing that was published counts.
    pub exclude_newer: Option<String>,
    /// The share of passing tests, of those not skipped, at which a build stops looking for a better one.
    pub sound_share: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            limits: Limits {
                wall: Duration::from_mins(15),
                ..Limits::default()
            },
            test_timeout: Duration::from_mins(15),
            exclude_newer: None,
            sound_share: 0.8,
        }
    }
}

/// Builds environments.
pub struct Builder {
    backend: Arc<dyn Backend>,
    home: PathBuf,
    options: Options,
    network: NetworkSettings,
    tool: OnceCell<Tool>,
    interpreters: OnceCell<Vec<Interpreter>>,
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder")
            .field("home", &self.home)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl Builder {
    /// A builder that keeps everything below `home`, with these ceilings for every step of a build.
    pub async fn new(home: PathBuf, backend: Arc<dyn Backend>, limits: Limits) -> Result<Self> {
        let options = Options {
            limits,
            ..Options::default()
        };
        Self::with_options(home, backend, options).await
    }

    /// The same with more to choose.
    pub async fn with_options(
        home: PathBuf,
        backend: Arc<dyn Backend>,
        options: Options,
    ) -> Result<Self> {
        let builder = Self {
            backend,
            home,
            options,
            network: NetworkSettings::of_this_machine(),
            tool: OnceCell::new(),
            interpreters: OnceCell::new(),
        };
        let packages = builder.packages().await?;
        files::remove_abandoned(&packages);
        Ok(builder)
    }

    /// Builds an environment, trying until one is sound, and keeps the best.
    pub async fn build(&self, project: &Project, progress: Progress<'_>) -> Result<Built> {
        progress(Step::Plan);
        let plan = Plan::read(&project.tree);
        let mut notes = plan.notes.clone();
        let installed = self.interpreters().await;
        progress(Step::Interpreter);
        let released = project.released.as_deref();
        let candidates = interpreter::choose(installed, &plan, released, &mut notes)?;
        let mut best: Option<Outcome> = None;
        let mut failure: Option<BuildFailure> = None;
        for (interpreter, cutoff) in self.combinations(&candidates, released) {
            let attempt = Attempt {
                builder: self,
                progress,
                project,
                plan: &plan,
                interpreter,
                cutoff: cutoff.as_deref(),
            };
            match attempt.run(&notes).await {
                Ok(outcome) => {
                    let sound = outcome.share() >= self.options.sound_share;
                    notes.push(outcome.summary());
                    if best
                        .as_ref()
                        .is_none_or(|best| outcome.passed > best.passed)
                    {
                        best = Some(outcome);
                    }
                    if sound {
                        break;
                    }
                }
                Err(error) if error.class == Class::Infra || error.conclusive => return Err(error),
                Err(error) => {
                    notes.push(format!("Python {}: {error}", interpreter.release()));
                    // The first is about the combination that fits best.
                    failure.get_or_insert(error);
                }
            }
        }
        match (best, failure) {
            (Some(mut outcome), _) => {
                let told = notes.into_iter().chain(std::mem::take(&mut outcome.notes));
                let mut seen = BTreeSet::new();
                outcome.recipe.notes = told.filter(|note| seen.insert(note.clone())).collect();
                self.finish(outcome, project, progress).await
            }
            (None, Some(failure)) => Err(failure),
            (None, None) => Err(BuildFailure::environment(
                Step::Interpreter,
                "nothing could be tried",
                "report this",
            )),
        }
    }

    /// Makes an environment again from its recipe. Its digest is the same; a folder that is there is used.
    pub async fn restore(&self, recipe: &Recipe, project: &Project) -> Result<Built> {
        let digest = recipe.digest(&project.tree_digest);
        if let Some(built) = self.kept(&digest) {
            return Ok(built);
        }
        if self.environments().join(&digest).is_dir() {
            self.discard_packages().await?;
        }
        let installed = self.interpreters().await;
        let interpreter = installed.iter().find(|interpreter| {
            interpreter.implementation == recipe.python.implementation
                && interpreter.release() == recipe.python.version
        });
        let Some(interpreter) = interpreter else {
            return Err(BuildFailure::environment(
                Step::Interpreter,
                format!(
                    "the environment was made with Python {}, which is not installed here",
                    recipe.python.version
                ),
                format!(
                    "install it, for example with `uv python install {}`",
                    recipe.python.version
                ),
            ));
        };
        let plan = Plan::default();
        let attempt = Attempt {
            builder: self,
            progress: &|_| (),
            project,
            plan: &plan,
            interpreter,
            cutoff: recipe.cutoff.as_deref(),
        };
        let outcome = attempt.again(recipe).await?;
        self.finish(outcome, project, &|_| ()).await
    }

    /// Forgets the downloaded packages: an environment whose files were torn shares them with the cache, as hard
    /// links, and would be made of the same ones again.
    async fn discard_packages(&self) -> Result<()> {
        let packages = self.packages().await?;
        let discard = move || {
            // The name is one of those that `remove_abandoned` looks for, should this be killed.
            let place = tempfile::Builder::new()
                .prefix("build-")
                .tempdir_in(&packages)?;
            fs::rename(packages.join("cache"), place.path().join("cache"))
        };
        tokio::task::spawn_blocking(discard)
            .await
            .map_err(std::io::Error::other)
            .flatten()
            .map_err(|error| BuildFailure::io(Step::Keep, "forgetting torn packages", &error))?;
        self.packages().await.map(drop)
    }

    /// A finished environment, when its folder is there and whole.
    pub fn kept(&self, digest: &str) -> Option<Built> {
        let mut built = Built::read(&self.environments().join(digest))?;
        // The harness of this program, not of the one that built it.
        built.harness = self.harness().ok()?;
        Some(built)
    }

    /// What to try, the most promising first.
    fn combinations<'a>(
        &self,
        interpreters: &[&'a Interpreter],
        released: Option<&str>,
    ) -> Vec<(&'a Interpreter, Option<String>)> {
        let given = self.options.exclude_newer.clone();
        let then = given
            .clone()
            .or_else(|| released.and_then(half_a_year_after));
        let mut all = Vec::new();
        let spread = [0, 1, interpreters.len() / 2, interpreters.len() - 1];
        for (position, index) in spread.into_iter().enumerate() {
            let Some(interpreter) = interpreters.get(index) else {
                continue;
            };
            if position == 0 {
                all.push((*interpreter, given.clone()));
            }
            if !all.contains(&(*interpreter, then.clone())) {
                all.push((*interpreter, then.clone()));
            }
        }
        all.truncate(MOST_ATTEMPTS);
        all
    }

    async fn interpreters(&self) -> &[Interpreter] {
        self.interpreters
            .get_or_init(|| async { interpreter::find().await })
            .await
    }

    async fn tool(&self) -> Result<&Tool> {
        self.tool
            .get_or_try_init(|| tool::find_or_fetch(&self.home))
            .await
    }

    async fn workshop<'a>(
        &'a self,
        interpreter: &'a Interpreter,
        packages: &'a Path,
    ) -> Result<Workshop<'a>> {
        Ok(Workshop {
            backend: &*self.backend,
            limits: &self.options.limits,
            network: &self.network,
            uv: self.tool().await?,
            interpreter,
            packages,
        })
    }

    fn environments(&self) -> PathBuf {
        self.home.join("environments")
    }

    /// The shared folder of packages: uv's cache, and what is being built, so that files can be linked.
    async fn packages(&self) -> Result<PathBuf> {
        let packages = self.home.join("packages");
        let cache = packages.join("cache");
        if !cache.is_dir() {
            let failed = |error: std::io::Error| {
                BuildFailure::io(Step::Copy, format!("making {}", cache.display()), &error)
            };
            fs::create_dir_all(self.environments()).map_err(failed)?;
            fs::create_dir_all(&packages).map_err(failed)?;
            // Under its name only once it is the sandbox's: whoever is killed in between, or second, spoils nothing.
            let new = tempfile::Builder::new()
                .prefix(".cache-")
                .tempdir_in(&packages)
                .map_err(failed)?;
            let adopted = self.backend.adopt(new.path()).await;
            adopted.map_err(|error| BuildFailure::sandbox(Step::Copy, &error))?;
            if let Err(error) = fs::rename(new.path(), &cache)
                && !cache.is_dir()
            {
                return Err(failed(error));
            }
        }
        Ok(packages)
    }

    fn harness(&self) -> Result<MountRecord> {
        let mount = harness::plugin::install(&self.home.join("tools")).map_err(|error| {
            BuildFailure::infra(Step::Collect, error.to_string(), "check the data folder")
        })?;
        Ok(MountRecord {
            source: mount.source,
            target: mount.target,
        })
    }
}

/// The day half a year later: what a release was tested with, and the fixes that came soon after.
fn half_a_year_after(day: &str) -> Option<String> {
    let mut parts = day.split('-');
    let year: u32 = parts.next()?.parse().ok()?;
    let month: u32 = parts.next()?.parse().ok()?;
    let months = year * 12 + month - 1 + 6;
    Some(format!("{:04}-{:02}-01", months / 12, months % 12 + 1))
}
