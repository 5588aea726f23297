//! Trying the tests of an environment that is not finished.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use swemill_harness::{self as harness, Collection, Ending, Request, Status, TestRun};
use swemill_sandbox::{EnvironmentSpec, Limits, Sandbox, Upper};
use tempfile::TempDir;

use super::Builder;
use super::attempt::provisional;
use crate::built::{TESTBED, layer};
use crate::diagnose::{Remedy, diagnose};
use crate::error::{BuildFailure, Result, Step};
use crate::interpreter::Interpreter;
use crate::layout;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::recipe::Recipe;
use crate::words::gist;
use crate::workshop::Workshop;

/// The most test files that cannot be imported and are left out by name.
const MOST_IGNORED: usize = 200;

pub(super) struct Trial<'a> {
    pub(super) builder: &'a Builder,
    pub(super) progress: Progress<'a>,
    pub(super) site: &'a TempDir,
    pub(super) interpreter: &'a Interpreter,
    pub(super) plan: &'a Plan,
}

/// What a trial says.
#[derive(Default)]
pub(super) struct Verdict {
    pub(super) remedies: Vec<Remedy>,
    pub(super) failure: Option<BuildFailure>,
    pub(super) collected: usize,
    pub(super) passed: usize,
    pub(super) counted: usize,
    pub(super) notes: Vec<String>,
}

impl Trial<'_> {
    /// Checks what is imported, collects, and runs the tests once. Adds to the recipe what it finds out: the
    /// search path, and files that cannot be imported.
    pub(super) async fn run(
        &self,
        recipe: &mut Recipe,
        tree: &Path,
        is_new: impl Fn(&Remedy) -> bool,
    ) -> Result<Verdict> {
        self.complete_search_path(recipe).await?;
        (self.progress)(Step::Collect);
        let collection = self.collect(recipe).await?;
        let texts = collection_texts(&collection);
        let mut verdict = Verdict {
            remedies: diagnose(texts.iter().map(String::as_str), tree, self.plan),
            collected: collection.tests.len(),
            ..Verdict::default()
        };
        if !collection.ending.is_complete() || collection.tests.is_empty() {
            verdict.failure = Some(no_tests(&collection));
            return Ok(verdict);
        }
        if verdict.remedies.iter().any(is_new) {
            // Worth mending before the tests are run.
            return Ok(verdict);
        }
        ignore_broken(&collection, recipe, &mut verdict.notes);
        (self.progress)(Step::Test);
        let run = self.test(recipe).await?;
        let failures = failure_texts(&run);
        verdict
            .remedies
            .extend(common_remedies(&failures, tree, self.plan));
        verdict.passed =
            run.count(Status::Passed) + run.count(Status::Xfailed) + run.count(Status::Xpassed);
        verdict.counted = run.tests.len() - run.count(Status::Skipped);
        if !run.ending.is_complete() {
            verdict.notes.push(format!(
                "the first run of the tests did not come to its end: {}",
                run.ending
            ));
        }
        if verdict.passed == 0 && run.ending.is_complete() {
            let sample = failures.first().map(|text| gist(text)).unwrap_or_default();
            verdict.failure = Some(
                BuildFailure::environment(
                    Step::Test,
                    format!("{} tests were collected and none passes: {sample}", verdict.collected),
                    "see the log for what the tests miss; they may need a service or data that is not there",
                )
                .with_log(failures.first().map_or("", String::as_str)),
            );
        }
        Ok(verdict)
    }

    /// Collects as a recipe says and says how many tests there are.
    pub(super) async fn collect_again(&self, recipe: &Recipe) -> Result<usize> {
        let collection = self.collect(recipe).await?;
        if collection.ending.is_complete() && !collection.tests.is_empty() {
            return Ok(collection.tests.len());
        }
        Err(no_tests(&collection))
    }

    /// Collects with the repository's bytecode going to a layer of its own.
    pub(super) async fn collect_for_bytecode(&self, recipe: &Recipe) -> Result<()> {
        let mut spec = provisional(self.builder, self.site, recipe, self.interpreter)?.spec();
        for tree in &mut spec.trees {
            if tree.target == Path::new(TESTBED) {
                tree.lower
                    .retain(|folder| !folder.ends_with(layer::BYTECODE));
                tree.upper = Upper::Folder(self.site.path().join(layer::BYTECODE));
            }
        }
        let sandbox = self.start(&spec).await?;
        let mut command = recipe.test_command.clone();
        // An empty value is none.
        command
            .variables
            .insert("PYTHONDONTWRITEBYTECODE".into(), String::new());
        let collected =
            harness::collect(&*sandbox, &command, self.builder.options.test_timeout).await;
        collected.map_err(|error| harness_failed(Step::Keep, &error))?;
        let stopped = sandbox.stop().await;
        stopped.map_err(|error| BuildFailure::sandbox(Step::Keep, &error))
    }

    async fn complete_search_path(&self, recipe: &mut Recipe) -> Result<()> {
        let spec = provisional(self.builder, self.site, recipe, self.interpreter)?.spec();
        let packages = self.builder.packages().await?;
        let workshop: Workshop<'_> = self.builder.workshop(self.interpreter, &packages).await?;
        let room = workshop.start(Step::Project, &spec, Vec::new()).await?;
        let mut folders = layout::search_path(&room).await?;
        let known = recipe.variables.get("PYTHONPATH").cloned();
        folders.extend(
            known
                .iter()
                .flat_map(|path| path.split(':'))
                .map(str::to_owned),
        );
        let mut seen = BTreeSet::new();
        folders.retain(|folder| seen.insert(folder.clone()));
        if !folders.is_empty() {
            recipe
                .variables
                .insert("PYTHONPATH".into(), folders.join(":"));
        }
        Ok(())
    }

    async fn collect(&self, recipe: &Recipe) -> Result<Collection> {
        let sandbox = self
            .start(&provisional(self.builder, self.site, recipe, self.interpreter)?.spec())
            .await?;
        let collection = harness::collect(
            &*sandbox,
            &recipe.test_command,
            self.builder.options.test_timeout,
        )
        .await;
        collection.map_err(|error| harness_failed(Step::Collect, &error))
    }

    async fn test(&self, recipe: &Recipe) -> Result<TestRun> {
        let sandbox = self
            .start(&provisional(self.builder, self.site, recipe, self.interpreter)?.spec())
            .await?;
        let request = Request::all(self.builder.options.test_timeout);
        let run = harness::run(&*sandbox, &recipe.test_command, &request).await;
        run.map_err(|error| harness_failed(Step::Test, &error))
    }

    async fn start(&self, spec: &EnvironmentSpec) -> Result<Box<dyn Sandbox>> {
        let backend = &self.builder.backend;
        let failed = |error| BuildFailure::sandbox(Step::Collect, &error);
        let environment = backend.prepare(spec).await.map_err(failed)?;
        let limits = Limits {
            wall: self.builder.options.test_timeout,
            ..self.builder.options.limits.clone()
        };
        backend.start(&environment, &limits).await.map_err(failed)
    }
}

/// Leaves out, by name, files that cannot be imported while others can.
fn ignore_broken(collection: &Collection, recipe: &mut Recipe, notes: &mut Vec<String>) {
    let mut broken: Vec<&str> = collection
        .collection_errors
        .iter()
        .map(|error| error.id.as_str())
        .filter(|id| !id.is_empty() && *id != ".")
        .collect();
    broken.sort_unstable();
    broken.dedup();
    for id in broken.into_iter().take(MOST_IGNORED) {
        let error = collection
            .collection_errors
            .iter()
            .find(|error| error.id == id);
        let reason = error.map(|error| gist(&error.text)).unwrap_or_default();
        notes.push(format!("{id} is left out, it cannot be imported: {reason}"));
        let argument = if id.contains("::") {
            "--deselect"
        } else {
            "--ignore"
        };
        recipe
            .test_command
            .arguments
            .push(format!("{argument}={id}"));
    }
}

fn collection_texts(collection: &Collection) -> Vec<String> {
    let mut texts: Vec<String> = collection
        .collection_errors
        .iter()
        .map(|error| error.text.clone())
        .collect();
    if !collection.ending.is_complete() {
        texts.push(collection.ending.to_string());
        texts.push(collection.stderr_tail.clone());
        texts.push(collection.stdout_tail.clone());
    }
    texts
}

/// What broken tests ask for. A single test may miss a module on purpose, so one that the repository nowhere
/// mentions has to be missed by several.
fn common_remedies(failures: &[String], tree: &Path, plan: &Plan) -> Vec<Remedy> {
    let mut counts: BTreeMap<Remedy, usize> = BTreeMap::new();
    for text in failures {
        for remedy in diagnose([text.as_str()], tree, plan) {
            *counts.entry(remedy).or_default() += 1;
        }
    }
    let is_common = |remedy: &Remedy, count: usize| match remedy {
        Remedy::Add(requirement, reason) if reason.starts_with("the module") => {
            count > 2 || plan.mentions().any(|line| line == requirement)
        }
        _ => true,
    };
    counts
        .into_iter()
        .filter(|(remedy, count)| is_common(remedy, *count))
        .map(|(remedy, _)| remedy)
        .collect()
}

/// What broken tests say.
fn failure_texts(run: &TestRun) -> Vec<String> {
    let broken = run
        .tests
        .values()
        .filter(|record| record.status.is_broken());
    broken.filter_map(|record| record.text.clone()).collect()
}

/// Why there is nothing to run.
fn no_tests(collection: &Collection) -> BuildFailure {
    let log = format!("{}\n{}", collection.stdout_tail, collection.stderr_tail);
    let (reason, remedy) = match (&collection.ending, collection.collection_errors.first()) {
        (_, Some(error)) => (
            format!(
                "none of the tests can be collected; {} files fail, the first is {}: {}",
                collection.collection_errors.len(),
                error.id,
                gist(&error.text)
            ),
            "see the log for what its import misses",
        ),
        (Ending::Complete { .. }, None) => (
            "pytest finds no tests in the repository".to_owned(),
            "use a source that carries its tests: many sdists leave them out, the git repository has them",
        ),
        (ending, None) => (ending.to_string(), "see the log for what pytest says"),
    };
    let text = collection
        .collection_errors
        .first()
        .map_or(log.as_str(), |error| error.text.as_str());
    let nothing_there = collection.ending.is_complete() && collection.collection_errors.is_empty();
    BuildFailure {
        conclusive: nothing_there,
        ..BuildFailure::environment(Step::Collect, reason, remedy).with_log(text)
    }
}

fn harness_failed(step: Step, error: &harness::Error) -> BuildFailure {
    match error {
        harness::Error::Sandbox(error) => BuildFailure::sandbox(step, error),
        error => BuildFailure::infra(
            step,
            error.to_string(),
            "run `swemill doctor` to see what is needed",
        ),
    }
}
