//! From a repository to an environment with a sound baseline.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use sqlx::PgConnection;
use swemill_environment::Built as Environment;
use swemill_harness::{Baseline, BaselineOptions, Error as HarnessError, Reach, Suite};
use swemill_sandbox::Environment as Prepared;
use swemill_store::environments::{self, EnvironmentState, NewEnvironment};
use swemill_store::sources::{self, Source};
use swemill_store::tests::NewTest;
use swemill_store::{Failure, FailureClass, jobs, reaches};

use super::{Done, MUTATE, of_source};
use crate::baseline::to_stored;
use crate::events::Event;
use crate::failure::StageError;
use crate::machine::Machine;

/// A repository whose environment was built, or was there already.
#[derive(Debug)]
pub struct Built {
    source_id: i64,
    what: String,
    line: String,
    outcome: Outcome,
}

#[derive(Debug)]
enum Outcome {
    /// Another source of the same repository has it.
    Known(i64),
    /// It is new and sound.
    Sound {
        environment: NewEnvironment,
        baseline: Value,
        tests: Vec<NewTest>,
        reach: reaches::Stored,
    },
    /// It stands, and its tests cannot serve.
    Weak {
        environment: NewEnvironment,
        failure: Failure,
    },
}

pub(super) async fn run(machine: &Machine, source: &Source) -> Result<Done, StageError> {
    let repository = machine.repository_of(source).await?;
    let done = |line: String, outcome: Outcome| {
        Ok(Done::Built(Box::new(Built {
            source_id: source.id,
            what: source.spec.clone(),
            line,
            outcome,
        })))
    };
    // What was proven before stays what is used: a second build might resolve newer dependencies.
    let known = environments::of_repository(machine.pool(), repository.id).await?;
    if let Some(built) = known
        .iter()
        .find(|known| known.state == EnvironmentState::Built)
    {
        return done(
            "its environment is there already".to_owned(),
            Outcome::Known(built.id),
        );
    }
    let project = machine.project(&repository).await?;
    let started = std::time::Instant::now();
    let built = machine
        .builder()
        .build(&project, &|step| {
            machine.step(&source.spec, &format!("building: {step}"));
        })
        .await?;
    let built_in = started.elapsed();
    let environment = NewEnvironment {
        repository_id: repository.id,
        digest: built.digest.clone(),
        recipe: serde_json::json!(built.recipe),
    };
    let prepared = machine.prepare(&built, &repository).await?;
    machine.step(&source.spec, "running the untouched tests");
    match take_baseline(machine, &prepared, &built).await {
        Ok(mut baseline) => {
            machine.step(&source.spec, "watching what each test executes");
            let reach = survey(machine, &prepared, &built, &project.tree, &mut baseline).await?;
            let line = format!(
                "environment built in {:.0} s (Python {}), {} tests pass in {} runs of {:.1} s, {} flaky{}",
                built_in.as_secs_f64(),
                baseline.python,
                baseline.passing().count(),
                baseline.runs,
                baseline.seconds.first().copied().unwrap_or_default(),
                baseline.flaky().count(),
                match &reach {
                    reaches::Stored::Known(_) => String::new(),
                    reaches::Stored::Unknown(reason) => format!("; {reason}"),
                },
            );
            let (baseline, tests) = to_stored(&baseline);
            done(
                line,
                Outcome::Sound {
                    environment,
                    baseline,
                    tests,
                    reach,
                },
            )
        }
        Err(HarnessError::Sandbox(error)) => Err(error.into()),
        Err(error @ (HarnessError::WeakBaseline { .. } | HarnessError::BaselineRun { .. })) => {
            let failure = Failure::new(FailureClass::Environment, error.to_string());
            let line = format!("failed ({}): {}", failure.class, failure.reason);
            done(
                line,
                Outcome::Weak {
                    environment,
                    failure,
                },
            )
        }
        Err(error) => Err(StageError::infra(error.to_string())),
    }
}

async fn take_baseline(
    machine: &Machine,
    environment: &Prepared,
    built: &Environment,
) -> Result<Baseline, HarnessError> {
    let settings = &machine.settings;
    let options = BaselineOptions {
        runs: settings.baseline_runs,
        least_passing: settings.baseline_min_passing,
        least_share: settings.baseline_min_share,
        timeout: Duration::from_secs(settings.test_timeout_seconds),
        ..BaselineOptions::default()
    };
    let limits = settings.test_limits();
    let command = &built.recipe.test_command;
    swemill_harness::baseline(machine.backend(), environment, &limits, command, &options).await
}

/// What is to be known for candidates to be judged by the tests that they can reach, or why nothing is.
async fn survey(
    machine: &Machine,
    environment: &Prepared,
    built: &Environment,
    tree: &Path,
    baseline: &mut Baseline,
) -> Result<reaches::Stored, StageError> {
    let files = swemill_mutation::source_files(tree)
        .map_err(|error| StageError::infra(format!("cannot read {}: {error}", tree.display())))?;
    let limits = machine.settings.test_limits();
    let suite = Suite {
        backend: machine.backend(),
        environment,
        limits: &limits,
        command: &built.recipe.test_command,
    };
    let found = swemill_harness::survey(suite, baseline, &files);
    match found.await.and_then(|reach| reach.to_bytes()) {
        Ok(bytes) => Ok(reaches::Stored::Known(bytes)),
        // Candidates are then proven by whole runs: slower, not worse.
        Err(error) => Ok(reaches::Stored::Unknown(error.to_string())),
    }
}

impl Built {
    pub(super) async fn commit(&self, transaction: &mut PgConnection) -> swemill_store::Result<()> {
        let environment_id = match &self.outcome {
            Outcome::Known(id) => *id,
            Outcome::Sound {
                environment,
                baseline,
                tests,
                reach,
            } => {
                let id =
                    environments::save_built(transaction, environment, baseline, tests).await?;
                reaches::save(transaction, id, Reach::FORMAT, reach).await?;
                id
            }
            Outcome::Weak {
                environment,
                failure,
            } => {
                environments::save_rejected(transaction, environment, failure, None, &[]).await?;
                return sources::fail(transaction, self.source_id, failure).await;
            }
        };
        sources::set_environment(transaction, self.source_id, environment_id).await?;
        jobs::enqueue(transaction, &of_source(MUTATE, self.source_id)).await?;
        Ok(())
    }

    pub(super) fn event(&self) -> Event {
        Event::Stage {
            what: self.what.clone(),
            line: self.line.clone(),
        }
    }
}
