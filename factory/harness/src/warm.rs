//! Running tests in copies of a process that waits: pytest is imported and configured once, and where the change
//! allows it, the repository is imported and its tests are collected once.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Deserialize;
use swemill_sandbox::{FileWrite, Round, Template};

use crate::frame;
use crate::record::{Beyond, Change};
use crate::run::{self, Asked};
use crate::{Baseline, Ending, Error, Reach, Request, Result, Selection, Suite, TestRun};

/// How far a template goes before it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// pytest and its plugins are imported, its configuration is read, and nothing of the repository is imported: a
    /// copy does from here on what a process of its own would.
    Configured,
    /// All tests are collected: a copy exchanges the code of changed functions, or refuses to.
    Collected,
}

impl Stage {
    /// Where in the plugin a template may wait, the latest first.
    fn places(self) -> &'static [&'static str] {
        match self {
            // The configuration may name classes of the repository, such as warnings to be ignored.
            Self::Configured => &["configured", "imported"],
            Self::Collected => &["collected"],
        }
    }
}

/// A process that waits to run tests, in a sandbox of its own.
#[derive(Debug)]
pub struct Warm {
    template: Box<dyn Template>,
    stage: Stage,
}

async fn start(
    suite: Suite<'_>,
    baseline: &Baseline,
    files: &[String],
    place: &'static str,
) -> Result<Box<dyn Template>> {
    let request = baseline.request();
    let root = suite.environment.spec.working_directory.to_string_lossy();
    let beyond = Beyond {
        wait: Some(place),
        files,
        test_files: baseline
            .tests
            .keys()
            .filter_map(|id| id.split_once("::").map(|(file, _)| file))
            .collect(),
        roots: vec![&root],
        ..Beyond::default()
    };
    let asked = Asked {
        request: &request,
        mode: "run",
        beyond: Some(beyond),
    };
    let mut started = run::sandbox_command(suite.command, request.timeout, Vec::new());
    started.channel = None;
    started.stdin = asked.to_json();
    let template = suite
        .backend
        .template(suite.environment, suite.limits, &started);
    Ok(template.await?)
}

/// What one copy is asked.
#[derive(Clone, Debug)]
pub struct Copy<'a> {
    /// The changed files.
    pub changes: &'a [Changed],
    /// The tests to run; all tests otherwise.
    pub tests: Option<Vec<String>>,
    /// The processor seconds that a test may take, from those that it took in the baseline,
    pub allowance: Allowance,
    /// or alone, if that was more.
    pub reach: Option<&'a Reach>,
    /// More failures than this need not be known of.
    pub most_failures: Option<usize>,
    /// Tell what is left behind even if no test fails.
    pub compare: bool,
    /// Tests that are repeated if a test fails, to see whether they do the same each time.
    pub repeat: Vec<String>,
    /// Wall time.
    pub timeout: Duration,
}

/// How long a test may take of the processor: a change may make it slower without that being a hang.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    /// Times what it took,
    pub factor: f64,
    /// and as many seconds more.
    pub seconds: f64,
}

impl Allowance {
    fn of(self, seconds: f64) -> f64 {
        self.factor * seconds + self.seconds
    }
}

/// A file with another content than the template's.
#[derive(Clone, Debug)]
pub struct Changed {
    /// Relative to the repository.
    pub path: String,
    /// Where it goes.
    pub file: FileWrite,
    /// What was there when its template was made, if functions get other defaults.
    pub original: Option<String>,
    /// What is there in the copy.
    pub changed: String,
}

impl Changed {
    fn to_record(&self) -> Change<'_> {
        Change {
            path: &self.path,
            original: self.original.as_deref(),
            changed: &self.changed,
        }
    }
}

/// What a copy did.
#[derive(Debug)]
pub enum Outcome {
    /// It ran the tests.
    Ran {
        /// What they did.
        run: Box<TestRun>,
        /// What they left changed in their process, by name, where that was looked at.
        left: Option<BTreeSet<String>>,
    },
    /// The change cannot be put in place in a copy exactly, for this reason.
    Unfit(String),
}

/// What a template says of itself.
#[derive(Debug, Deserialize)]
struct Said {
    /// Why its copies would not be what processes of their own are.
    unfit: Option<String>,
    /// Modules of the repository that are imported though none should be.
    #[serde(default)]
    own: Vec<String>,
}

impl Warm {
    /// Starts a template. [`Error::Reach`] says that this repository's tests cannot be run this way.
    pub async fn start(
        suite: Suite<'_>,
        baseline: &Baseline,
        files: &[String],
        stage: Stage,
    ) -> Result<Self> {
        let mut last = String::new();
        for place in stage.places() {
            let template = start(suite, baseline, files, place).await?;
            let said: Said = serde_json::from_slice(template.said()).map_err(|error| {
                Error::Reach(format!("the template cannot be understood: {error}"))
            })?;
            if let Some(reason) = said.unfit {
                return Err(Error::Reach(format!(
                    "the tests' process cannot be copied: {reason}"
                )));
            }
            // Then it waits too late: what would be imported by then is not what the copy should import.
            let Some(module) = said.own.first() else {
                return Ok(Self { template, stage });
            };
            template.stop().await?;
            last.clone_from(module);
        }
        Err(Error::Reach(format!(
            "pytest itself imports {last} of the repository"
        )))
    }

    /// How far it went.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// Runs tests in a copy. After an error the template is of no more use.
    pub async fn run(&self, baseline: &Baseline, copy: &Copy<'_>) -> Result<Outcome> {
        let selection = match &copy.tests {
            Some(ids) => Selection::Ids(ids.clone()),
            None => Selection::All,
        };
        let seconds = |id: &String| {
            let alone = copy.reach.map_or(0.0, |reach| reach.seconds_alone(id));
            let together = baseline.tests.get(id).map_or(0.0, |test| test.seconds);
            f64::max(alone, together)
        };
        let allowed = |id| (String::as_str(id), copy.allowance.of(seconds(id)));
        let allowed = match &copy.tests {
            Some(ids) => ids.iter().map(allowed).collect(),
            None => baseline.tests.keys().map(allowed).collect(),
        };
        let repeated = |of_kind: fn(&Reach, &str) -> bool| {
            let ids = copy.repeat.iter().map(String::as_str);
            ids.filter(|id| copy.reach.is_some_and(|reach| of_kind(reach, id)))
                .collect()
        };
        let slowest = baseline.tests.keys().map(seconds).fold(0.0, f64::max);
        let request = Request {
            selection,
            timeout: copy.timeout,
            ..baseline.request()
        };
        let beyond = Beyond {
            changes: match self.stage {
                Stage::Configured => Vec::new(),
                Stage::Collected => copy.changes.iter().map(Changed::to_record).collect(),
            },
            seconds: Some(allowed),
            seconds_otherwise: copy.allowance.of(slowest),
            most_failures: copy.most_failures,
            compare: copy.compare,
            draws: repeated(Reach::draws_random),
            clock: repeated(Reach::reads_clock),
            ..Beyond::default()
        };
        let asked = Asked {
            request: &request,
            mode: "run",
            beyond: Some(beyond),
        };
        let key = run::key()?;
        let round = Round {
            writes: copy
                .changes
                .iter()
                .map(|changed| changed.file.clone())
                .collect(),
            greeting: frame::greeting(&key, &asked.to_json()),
            timeout: copy.timeout,
        };
        let output = self.template.run(round).await?;
        let (mut tally, ending) = run::judge(&output, &key);
        if let Some(reason) = tally.unfit.take() {
            return Ok(Outcome::Unfit(reason));
        }
        let left = tally.left.take().map(BTreeSet::from_iter);
        let mut run = Box::new(run::test_run(tally, ending, &output));
        // A test that the kernel ended could not tell what it took: all that it was allowed.
        if let Ending::TimedOut { during: Some(id) } = &run.ending
            && baseline.tests.contains_key(id)
        {
            let most = Duration::from_secs_f64(copy.allowance.of(seconds(id)));
            run.testing = if run.cpu < most { run.testing } else { most };
        }
        Ok(Outcome::Ran { run, left })
    }

    /// Ends it.
    pub async fn stop(self) -> Result<()> {
        Ok(self.template.stop().await?)
    }
}
