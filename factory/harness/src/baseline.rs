//! What the untouched repository's tests do, over several runs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use swemill_sandbox::{Backend, Environment, Limits};

use crate::stability::judge;
use crate::{
    BaselineTest, Error, Instability, Request, Result, Selection, Status, TestCommand, TestRun, run,
};

/// How a baseline is taken and what it must reach.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BaselineOptions {
    /// Runs, each in a fresh sandbox; the last is shuffled when there is more than one.
    pub runs: usize,
    /// Seed of the shuffled run.
    pub seed: u64,
    /// Wall time of each run.
    pub timeout: Duration,
    /// Tests (or files, during collection) that may be left out because they kill or hang the process.
    pub exclusions: usize,
    /// Fewer tests that pass in every run are too few.
    pub least_passing: usize,
    /// A smaller share of passing tests in those not skipped is too small. From 0 to 1.
    pub least_share: f64,
    /// The longest timeout that a later run is given.
    pub longest_timeout: Duration,
}

impl Default for BaselineOptions {
    fn default() -> Self {
        Self {
            runs: 3,
            seed: 0,
            timeout: Duration::from_mins(10),
            exclusions: 5,
            least_passing: 5,
            least_share: 0.5,
            longest_timeout: Duration::from_mins(30),
        }
    }
}

/// What the untouched repository's tests do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// Every test that any run knew, by its whole id.
    pub tests: BTreeMap<String, BaselineTest>,
    /// What had to be left out for a run to come to its end.
    pub excluded: Vec<Excluded>,
    /// Files, folders and classes that could not be collected, with pytest's words.
    pub collection_errors: BTreeMap<String, String>,
    /// Runs that count.
    pub runs: usize,
    /// Wall seconds of each of them.
    pub seconds: Vec<f64>,
    /// The wall time that a later run of all tests is given.
    pub timeout: Duration,
    /// The interpreter's version.
    pub python: String,
    /// pytest's version.
    pub pytest: String,
}

/// A test or file that kills or hangs the process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excluded {
    /// Its id.
    pub id: String,
    /// What it did to the run.
    pub reason: String,
}

impl Baseline {
    /// Ids of the tests that passed in every run.
    pub fn passing(&self) -> impl Iterator<Item = &str> {
        self.stable()
            .filter(|(_, test)| test.status == Status::Passed)
            .map(|(id, _)| id)
    }

    /// Ids of the tests that are in no list, with the reason.
    pub fn flaky(&self) -> impl Iterator<Item = (&str, &Instability)> {
        self.tests
            .iter()
            .filter_map(|(id, test)| Some((id.as_str(), test.instability.as_ref()?)))
    }

    /// What a later run of the whole suite is asked.
    pub fn request(&self) -> Request {
        Request {
            selection: Selection::All,
            exclude: self
                .excluded
                .iter()
                .map(|excluded| excluded.id.clone())
                .collect(),
            shuffle: None,
            timeout: self.timeout,
        }
    }

    fn stable(&self) -> impl Iterator<Item = (&str, &BaselineTest)> {
        self.tests
            .iter()
            .filter(|(_, test)| test.instability.is_none())
            .map(|(id, test)| (id.as_str(), test))
    }
}

/// Runs the untouched repository's tests several times, each in a fresh sandbox.
pub async fn baseline(
    backend: &dyn Backend,
    environment: &Environment,
    limits: &Limits,
    command: &TestCommand,
    options: &BaselineOptions,
) -> Result<Baseline> {
    let mut excluded: Vec<Excluded> = Vec::new();
    let mut runs: Vec<TestRun> = Vec::new();
    let wanted = options.runs.max(1);
    while runs.len() < wanted {
        let request = Request {
            selection: Selection::All,
            exclude: excluded
                .iter()
                .map(|excluded| excluded.id.clone())
                .collect(),
            shuffle: (wanted > 1 && runs.len() + 1 == wanted).then_some(options.seed),
            timeout: options.timeout,
        };
        let sandbox = backend.start(environment, limits).await?;
        let outcome = run::run(sandbox.as_ref(), command, &request).await;
        sandbox.stop().await?;
        let outcome = outcome?;
        if outcome.ending.is_complete() {
            runs.push(outcome);
            continue;
        }
        let guilty = guilty(&outcome, &request.exclude);
        let Some(id) = guilty.filter(|_| excluded.len() < options.exclusions) else {
            return Err(incomplete(runs.len() + 1, outcome, &excluded));
        };
        tracing::warn!(test.id = %id, run.ending = %outcome.ending, "left out of the baseline");
        excluded.push(Excluded {
            id,
            reason: outcome.ending.to_string(),
        });
        // What the test did to its neighbours is not theirs: start again without it.
        runs.clear();
    }
    let baseline = settle(&runs, excluded, options);
    demand_strength(&baseline, options)?;
    Ok(baseline)
}

/// The test or file that a run broke off in, if leaving it out can help.
fn guilty(run: &TestRun, excluded: &BTreeSet<String>) -> Option<String> {
    let id = run.ending.during()?;
    (!excluded.contains(id)).then(|| id.to_owned())
}

fn incomplete(number: usize, run: TestRun, excluded: &[Excluded]) -> Error {
    let hint = if excluded.is_empty() {
        String::new()
    } else {
        let names: Vec<_> = excluded
            .iter()
            .map(|excluded| excluded.id.as_str())
            .collect();
        format!(" (after leaving out {})", names.join(", "))
    };
    Error::BaselineRun {
        run: number,
        ending: Box::new(run.ending),
        hint,
    }
}

fn settle(runs: &[TestRun], excluded: Vec<Excluded>, options: &BaselineOptions) -> Baseline {
    let ids: BTreeSet<&String> = runs.iter().flat_map(|run| run.tests.keys()).collect();
    let tests = ids
        .into_iter()
        .map(|id| (id.clone(), judge(id, runs)))
        .collect();
    let collection_errors = runs
        .iter()
        .flat_map(|run| &run.collection_errors)
        .map(|error| (error.id.clone(), error.text.clone()))
        .collect();
    let slowest = runs.iter().map(|run| run.wall).max().unwrap_or_default();
    let version = |of: fn(&TestRun) -> &Option<String>| {
        runs.iter()
            .find_map(|run| of(run).clone())
            .unwrap_or_default()
    };
    Baseline {
        tests,
        excluded,
        collection_errors,
        runs: runs.len(),
        seconds: runs.iter().map(|run| run.wall.as_secs_f64()).collect(),
        timeout: timeout(slowest, options.longest_timeout),
        python: version(|run| &run.python),
        pytest: version(|run| &run.pytest),
    }
}

/// Five times the slowest run and ten seconds, in whole seconds: a change may make tests slower, and a
/// machine may be busy, without that being a hang.
fn timeout(slowest: Duration, longest: Duration) -> Duration {
    let seconds = (slowest.as_secs_f64() * 5.0 + 10.0).ceil().max(30.0);
    Duration::from_secs_f64(seconds).min(longest)
}

fn demand_strength(baseline: &Baseline, options: &BaselineOptions) -> Result<()> {
    let passing = baseline.passing().count();
    let skipped = baseline
        .stable()
        .filter(|(_, test)| test.status == Status::Skipped)
        .count();
    let counted = baseline.tests.len() - skipped;
    #[expect(clippy::cast_precision_loss, reason = "no suite has 2^52 tests")]
    let share = passing as f64 / counted.max(1) as f64;
    // Without a passing test there is nothing to break, whatever the thresholds say.
    if passing >= options.least_passing.max(1) && share >= options.least_share {
        return Ok(());
    }
    Err(Error::WeakBaseline {
        passing,
        counted,
        flaky: baseline.flaky().count(),
        failing: baseline
            .stable()
            .filter(|(_, test)| test.status.is_broken())
            .count(),
        collection_errors: baseline.collection_errors.len(),
        least_passing: options.least_passing,
        least_share: options.least_share * 100.0,
    })
}
