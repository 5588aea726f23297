//! One combination of interpreter and cut-off day: resolve, install, collect, run once, mend, again.

use std::collections::BTreeMap;
use std::fs;

use swemill_harness::TestCommand;
use tempfile::TempDir;

use super::Builder;
use super::mended::Mended;
use super::trial::Trial;
use crate::built::{Built, VENV, layer, variables};
use crate::diagnose::Remedy;
use crate::error::{BuildFailure, Class, Result, Step};
use crate::files;
use crate::install::{self, Site};
use crate::interpreter::Interpreter;
use crate::lock::{self, Wish};
use crate::plan::Plan;
use crate::progress::Progress;
use crate::project::Project;
use crate::recipe::{Install, Python, Recipe};
use crate::suite;
use crate::workshop::Workshop;

/// The most rounds of mending.
const MOST_ROUNDS: usize = 8;

/// What is tried.
pub(super) struct Attempt<'a> {
    pub(super) builder: &'a Builder,
    pub(super) progress: Progress<'a>,
    pub(super) project: &'a Project,
    pub(super) plan: &'a Plan,
    pub(super) interpreter: &'a Interpreter,
    pub(super) cutoff: Option<&'a str>,
}

/// What came of it.
pub(super) struct Outcome {
    /// The folder with the layers, gone when this is dropped.
    pub(super) site: TempDir,
    pub(super) recipe: Recipe,
    pub(super) interpreter: Interpreter,
    pub(super) collected: usize,
    pub(super) passed: usize,
    /// Tests that were not skipped.
    pub(super) counted: usize,
    pub(super) notes: Vec<String>,
}

impl Outcome {
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of tests are far below 2^52"
    )]
    pub(super) fn share(&self) -> f64 {
        if self.counted == 0 {
            0.0
        } else {
            self.passed as f64 / self.counted as f64
        }
    }

    pub(super) fn summary(&self) -> String {
        let cutoff = self.recipe.cutoff.as_deref();
        let cutoff = cutoff
            .map(|day| format!(" with packages up to {day}"))
            .unwrap_or_default();
        let Self {
            passed, counted, ..
        } = self;
        format!(
            "Python {}{cutoff}: {passed} of {counted} tests pass",
            self.recipe.python.version
        )
    }
}

impl Attempt<'_> {
    pub(super) async fn run(&self, notes: &[String]) -> Result<Outcome> {
        let packages = self.builder.packages().await?;
        let workshop = self.builder.workshop(self.interpreter, &packages).await?;
        let mut mended = Mended::default();
        let mut level = 0;
        for round in 0..=MOST_ROUNDS {
            let (site, recipe, at) = self.install(&workshop, &mut mended, level).await?;
            level = at;
            let trial = Trial {
                builder: self.builder,
                progress: self.progress,
                site: &site,
                interpreter: self.interpreter,
                plan: self.plan,
            };
            let mut recipe = recipe;
            let last = round == MOST_ROUNDS;
            let verdict = trial
                .run(&mut recipe, &self.project.tree, |remedy| {
                    !last && mended.is_new(remedy)
                })
                .await?;
            let fresh: Vec<Remedy> = verdict
                .remedies
                .into_iter()
                .filter(|remedy| mended.is_new(remedy))
                .collect();
            if fresh.is_empty() || last {
                let failure = verdict.failure;
                if let Some(failure) = failure {
                    return Err(failure);
                }
                let mut all = notes.to_vec();
                all.append(&mut mended.notes);
                all.extend(verdict.notes);
                recipe.notes.clone_from(&all);
                return Ok(Outcome {
                    site,
                    recipe,
                    interpreter: self.interpreter.clone(),
                    collected: verdict.collected,
                    passed: verdict.passed,
                    counted: verdict.counted,
                    notes: all.split_off(notes.len()),
                });
            }
            for remedy in fresh {
                // Two texts may ask for the same.
                if mended.is_new(&remedy) {
                    mended.apply(remedy);
                }
            }
        }
        Err(BuildFailure::environment(
            Step::Collect,
            "mending did not come to an end",
            "report this project",
        ))
    }

    /// The same environment again, as its recipe says.
    pub(super) async fn again(&self, recipe: &Recipe) -> Result<Outcome> {
        let packages = self.builder.packages().await?;
        let workshop = self.builder.workshop(self.interpreter, &packages).await?;
        let site = self.site(&packages).await?;
        let here = Site {
            folder: site.path(),
        };
        let built = install::wheels(&workshop, here, &recipe.lock).await?;
        install::sdists(&workshop, here, &recipe.lock, &built, self.cutoff).await?;
        let mut notes = Vec::new();
        if recipe.install != Install::Path {
            let version = recipe.version.as_deref();
            let install =
                install::project(&workshop, here, version, self.cutoff, &mut notes).await?;
            if install != recipe.install {
                return Err(BuildFailure::environment(
                    Step::Project,
                    format!(
                        "the project was installed otherwise before: {}",
                        notes.join("; ")
                    ),
                    "queue the repository again to find an environment that works now",
                ));
            }
        }
        self.builder.commit(site.path()).await?;
        let trial = Trial {
            builder: self.builder,
            progress: self.progress,
            site: &site,
            interpreter: self.interpreter,
            plan: self.plan,
        };
        let collected = trial.collect_again(recipe).await?;
        Ok(Outcome {
            recipe: recipe.clone(),
            interpreter: self.interpreter.clone(),
            collected,
            passed: 0,
            counted: 0,
            notes: recipe.notes.clone(),
            site,
        })
    }

    /// Installs the fullest wish that can be installed.
    async fn install(
        &self,
        workshop: &Workshop<'_>,
        mended: &mut Mended,
        level: usize,
    ) -> Result<(TempDir, Recipe, usize)> {
        let mut first: Option<BuildFailure> = None;
        let mut at = level;
        loop {
            let wishes = lock::wishes(self.plan, &mended.additions);
            let Some(wish) = wishes.get(at) else {
                break;
            };
            match self.install_wish(workshop, wish, mended).await {
                Ok((site, recipe)) => return Ok((site, recipe, at)),
                Err(failure) if failure.class == Class::Infra || failure.conclusive => {
                    return Err(failure);
                }
                Err(failure) => {
                    // An addition is a guess; one that no index has, or that fits nothing, is taken back.
                    if let Some(guess) = mended.additions.pop() {
                        mended
                            .notes
                            .push(format!("{guess} cannot be added: {}", failure.reason));
                        mended.refused.insert(guess);
                        continue;
                    }
                    mended.notes.push(format!(
                        "{} cannot be installed: {}",
                        wish.name, failure.reason
                    ));
                    first.get_or_insert(failure);
                    at += 1;
                }
            }
        }
        Err(first.unwrap_or_else(|| {
            BuildFailure::environment(Step::Lock, "nothing can be resolved", "report this")
        }))
    }

    async fn install_wish(
        &self,
        workshop: &Workshop<'_>,
        wish: &Wish,
        mended: &Mended,
    ) -> Result<(TempDir, Recipe)> {
        (self.progress)(Step::Copy);
        let site = self.site(workshop.packages).await?;
        let here = Site {
            folder: site.path(),
        };
        let version = self.project.version.as_deref();
        (self.progress)(Step::Lock);
        let tree = here.layer(layer::TESTBED);
        let lock = lock::resolve(workshop, wish, &tree, version, self.cutoff).await?;
        (self.progress)(Step::Wheels);
        let built = install::wheels(workshop, here, &lock).await?;
        if !built.is_empty() {
            (self.progress)(Step::Sdists);
        }
        install::sdists(workshop, here, &lock, &built, self.cutoff).await?;
        let mut notes = Vec::new();
        let install = if self.plan.installable {
            (self.progress)(Step::Project);
            install::project(workshop, here, version, self.cutoff, &mut notes).await?
        } else {
            Install::Path
        };
        self.builder.commit(site.path()).await?;
        let recipe = self.recipe(workshop, lock, built, install, mended);
        Ok((site, recipe))
    }

    /// A folder for layers, with the repository's files in it.
    async fn site(&self, packages: &std::path::Path) -> Result<TempDir> {
        let made = tempfile::Builder::new()
            .prefix("build-")
            .tempdir_in(packages);
        let site =
            made.map_err(|error| BuildFailure::io(Step::Copy, "making a build's folder", &error))?;
        let (from, to) = (self.project.tree.clone(), site.path().to_owned());
        let copy = move || {
            for name in [layer::BUILT, layer::GENERATED, layer::BYTECODE] {
                fs::create_dir_all(to.join(name))?;
            }
            files::copy_repository(&from, &to.join(layer::TESTBED))
        };
        let copied = tokio::task::spawn_blocking(copy)
            .await
            .map_err(std::io::Error::other)
            .flatten();
        copied.map_err(|error| BuildFailure::io(Step::Copy, "copying the repository", &error))?;
        let adopted = self.builder.backend.adopt(site.path()).await;
        adopted.map_err(|error| BuildFailure::sandbox(Step::Copy, &error))?;
        Ok(site)
    }

    fn recipe(
        &self,
        workshop: &Workshop<'_>,
        lock: String,
        built: Vec<String>,
        install: Install,
        mended: &Mended,
    ) -> Recipe {
        let suite = suite::detect(&self.project.tree, self.plan);
        let mut test_command = TestCommand::new(format!("{VENV}/bin/python"));
        test_command.arguments = suite.arguments;
        test_command
            .arguments
            .extend(mended.arguments.iter().cloned());
        test_command.variables = test_variables(self.plan);
        let mut variables = variables(self.interpreter);
        if !mended.path.is_empty() {
            variables.insert("PYTHONPATH".into(), mended.path.join(":"));
        }
        Recipe {
            format: Recipe::FORMAT,
            swemill: env!("CARGO_PKG_VERSION").to_owned(),
            name: self.project.name.clone(),
            commit: self.project.commit.clone(),
            python: Python {
                implementation: self.interpreter.implementation.clone(),
                version: self.interpreter.release(),
                platform: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
            },
            uv: workshop.uv.version.clone(),
            lock,
            built,
            install,
            version: self.project.version.clone(),
            cutoff: self.cutoff.map(str::to_owned),
            variables,
            test_command,
            notes: suite.notes,
        }
    }
}

/// What the project's own test runner sets, without what would change how tests are measured.
fn test_variables(plan: &Plan) -> BTreeMap<String, String> {
    const OTHERS: [&str; 10] = [
        "PIP_",
        "TOX_",
        "COV",
        "VIRTUALENV",
        "PYTHONHASHSEED",
        "PYTHONWARNINGS",
        "PYTHONDEVMODE",
        "PATH",
        "HOME",
        "LD_",
    ];
    let kept = plan
        .variables
        .iter()
        .filter(|(name, _)| !OTHERS.iter().any(|other| name.starts_with(other)));
    kept.map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// A built value for a folder that is not finished, for the sandboxes of trials.
pub(super) fn provisional(
    builder: &Builder,
    site: &TempDir,
    recipe: &Recipe,
    interpreter: &Interpreter,
) -> Result<Built> {
    Ok(Built {
        digest: "trial".into(),
        folder: site.path().to_owned(),
        recipe: recipe.clone(),
        interpreter: interpreter.clone(),
        tests: 0,
        own_bytes: 0,
        outline: String::new(),
        harness: builder.harness()?,
    })
}
