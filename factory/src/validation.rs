//! Proving a candidate the slow, clean way: fresh sandboxes, the whole suite, exact test ids.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use swemill_harness::{Comparison, Ending, Request, TestRun, compare};
use swemill_mutation::patch;
use swemill_sandbox::{Backend, Limits};
use swemill_store::FailureClass;
use swemill_store::candidates::CandidateOutcome;

use crate::failure::StageError;
use crate::machine::Loaded;

/// What a candidate must satisfy.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Runs that must agree on the lists.
    pub confirmations: usize,
    /// The largest share of the suite that a break may fail.
    pub max_broken_share: f64,
}

/// What was decided of a candidate.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The verdict.
    pub verdict: Verdict,
    /// Timings and counts, for the store.
    pub evidence: Value,
}

/// The verdict on a candidate.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// Tests notice it and its reverse mends them.
    Accepted(Box<Accepted>),
    /// No test notices it.
    Survived,
    /// It makes no task: the outcome and why.
    Refused {
        /// `unviable`, `timeout`, `flaky` or `infra`.
        outcome: CandidateOutcome,
        /// Whose fault it is.
        class: FailureClass,
        /// Why.
        reason: String,
    },
}

/// The lists of an accepted candidate, and the run that showed them.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// Passed in the baseline, failed or error under the break.
    pub fail_to_pass: BTreeSet<String>,
    /// Passed in the baseline and under the break.
    pub pass_to_pass: BTreeSet<String>,
    /// The first run under the break.
    pub broken: TestRun,
}

/// Decides candidates in one environment.
#[derive(Debug)]
pub struct Judge<'a> {
    /// Where sandboxes come from.
    pub backend: &'a dyn Backend,
    /// The environment and its baseline.
    pub environment: &'a Loaded,
    /// Ceilings of a sandbox.
    pub limits: &'a Limits,
    /// What is demanded.
    pub rules: Rules,
}

/// A file that a patch changes: its path in the repository and its two contents.
struct Change {
    path: String,
    original: String,
    broken: String,
    executable: bool,
}

impl Judge<'_> {
    /// Decides a candidate by its patch. Errors are the machinery's; whatever the candidate does is a verdict.
    pub async fn decide(&self, patch: &str) -> Result<Decision, StageError> {
        let mut clock = Clock::default();
        let changes = match changes(&self.environment.tree, patch) {
            Ok(changes) => changes,
            Err(reason) => {
                return Ok(clock.refuse(
                    CandidateOutcome::Unviable,
                    FailureClass::Candidate,
                    reason,
                ));
            }
        };
        let broken = clock.count(self.run_broken(&changes).await?);
        if let Some((outcome, class, reason)) = refusal(&broken.ending) {
            return Ok(clock.refuse(outcome, class, reason));
        }
        let comparison = compare(&self.environment.baseline, &broken);
        if comparison.fail_to_pass.is_empty() && comparison.missing.is_empty() {
            return Ok(clock.decide(Verdict::Survived));
        }
        if let Some(reason) = self.unfit(&comparison) {
            return Ok(clock.refuse(CandidateOutcome::Unviable, FailureClass::Candidate, reason));
        }
        for _ in 1..self.rules.confirmations {
            let again = clock.count(self.run_broken(&changes).await?);
            let lists = compare(&self.environment.baseline, &again);
            if let Some(test) = difference(&comparison, &lists) {
                let reason = format!("under the break, {test} does not do the same in every run");
                return Ok(clock.refuse(CandidateOutcome::Flaky, FailureClass::Candidate, reason));
            }
        }
        let restored = clock.count(self.run_restored(patch, &changes).await?);
        let mended = compare(&self.environment.baseline, &restored);
        let mut listed = comparison
            .fail_to_pass
            .iter()
            .chain(&comparison.pass_to_pass);
        if let Some(test) = listed.find(|test| !mended.pass_to_pass.contains(*test)) {
            let reason = format!(
                "the reverse patch does not restore {test}: it is {}",
                restored.status(test)
            );
            return Ok(clock.refuse(CandidateOutcome::Flaky, FailureClass::Environment, reason));
        }
        Ok(clock.decide(Verdict::Accepted(Box::new(Accepted {
            fail_to_pass: comparison.fail_to_pass,
            pass_to_pass: comparison.pass_to_pass,
            broken,
        }))))
    }

    /// The lists that a patch gives in one fresh sandbox, or how the run broke off.
    pub async fn lists(&self, patch: &str) -> Result<Result<Comparison, String>, StageError> {
        let changes = match changes(&self.environment.tree, patch) {
            Ok(changes) => changes,
            Err(reason) => return Ok(Err(reason)),
        };
        let run = self.run_broken(&changes).await?;
        Ok(match refusal(&run.ending) {
            Some((_, _, reason)) => Err(reason),
            None => Ok(compare(&self.environment.baseline, &run)),
        })
    }

    /// The lists after a patch and its reverse, in one fresh sandbox.
    pub async fn restored_lists(&self, patch: &str) -> Result<Comparison, StageError> {
        let changes = changes(&self.environment.tree, patch).map_err(StageError::grader)?;
        let run = self.run_restored(patch, &changes).await?;
        Ok(compare(&self.environment.baseline, &run))
    }

    async fn run_broken(&self, changes: &[Change]) -> Result<TestRun, StageError> {
        let writes: Vec<Write<'_>> = changes.iter().map(Change::broken).collect();
        self.run(&writes).await
    }

    /// Breaks and mends again, by the patch and its reverse, and runs the tests of what is there then.
    async fn run_restored(&self, patch: &str, changes: &[Change]) -> Result<TestRun, StageError> {
        let reverse =
            patch::reverse(patch).map_err(|error| StageError::grader(error.to_string()))?;
        let broken = changes
            .iter()
            .map(|change| (change.path.clone(), change.broken.clone()));
        let restored = patch::apply_tree(&broken.collect(), &reverse).map_err(|error| {
            StageError::grader(format!("the reverse patch does not apply: {error}"))
        })?;
        let mut writes: Vec<Write<'_>> = changes.iter().map(Change::broken).collect();
        for change in changes {
            let text = restored
                .get(&change.path)
                .filter(|text| **text == change.original);
            let text = text.ok_or_else(|| {
                StageError::grader(format!(
                    "the reverse patch does not restore {}",
                    change.path
                ))
            })?;
            writes.push(Write { change, text });
        }
        self.run(&writes).await
    }

    /// Runs the suite in a fresh sandbox after some writes. A run that neither ended nor had the processor for
    /// half of its time says little on a busy machine: it gets one more chance, with more time.
    async fn run(&self, writes: &[Write<'_>]) -> Result<TestRun, StageError> {
        let mut request = self.environment.baseline.request();
        let run = self.run_once(writes, &request).await?;
        let starved = run.cpu < run.wall / 2;
        if !(starved && matches!(run.ending, Ending::TimedOut { .. })) {
            return Ok(run);
        }
        request.timeout *= 3;
        self.run_once(writes, &request).await
    }

    async fn run_once(
        &self,
        writes: &[Write<'_>],
        request: &Request,
    ) -> Result<TestRun, StageError> {
        let sandbox = self
            .backend
            .start(&self.environment.environment, self.limits)
            .await?;
        for Write { change, text } in writes {
            let path = self.environment.testbed.join(&change.path);
            sandbox
                .write(&path, text.as_bytes(), change.executable)
                .await?;
        }
        let run = swemill_harness::run(sandbox.as_ref(), &self.environment.command, request).await;
        sandbox.stop().await?;
        Ok(run?)
    }

    /// Why lists with a failing test still make no task.
    fn unfit(&self, comparison: &Comparison) -> Option<String> {
        if comparison.fail_to_pass.is_empty() {
            let lost = comparison.missing.len();
            return Some(format!(
                "{lost} tests are no longer there and none fails: nothing proves a repair"
            ));
        }
        let stable = self.environment.baseline.passing().count();
        let lost = comparison.fail_to_pass.len() + comparison.missing.len();
        #[expect(
            clippy::cast_precision_loss,
            reason = "suites have fewer than 2^52 tests"
        )]
        let share = lost as f64 / stable.max(1) as f64;
        if share > self.rules.max_broken_share {
            return Some(format!(
                "it breaks {lost} of {stable} tests, more than a task should"
            ));
        }
        let nothing_left = comparison.pass_to_pass.is_empty();
        nothing_left.then(|| "no test passes under it: nothing guards what must stay".to_owned())
    }
}

/// A content that a changed file gets.
struct Write<'a> {
    change: &'a Change,
    text: &'a str,
}

impl Change {
    fn broken(&self) -> Write<'_> {
        Write {
            change: self,
            text: &self.broken,
        }
    }
}

/// Reads the files that a patch changes and computes what they become.
fn changes(tree: &Path, patch: &str) -> Result<Vec<Change>, String> {
    use std::os::unix::fs::PermissionsExt as _;
    let files = patch::parse(patch).map_err(|error| error.to_string())?;
    let change = |file: &patch::FilePatch| {
        let place = tree.join(&file.path);
        let unreadable =
            |error: std::io::Error| format!("cannot read {} of the repository: {error}", file.path);
        let metadata = std::fs::symlink_metadata(&place).map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(format!("{} is not a plain file", file.path));
        }
        let original = std::fs::read_to_string(&place).map_err(unreadable)?;
        let broken = file.apply(&original).map_err(|error| error.to_string())?;
        Ok(Change {
            path: file.path.clone(),
            executable: metadata.permissions().mode() & 0o100 != 0,
            original,
            broken,
        })
    };
    files.iter().map(change).collect()
}

/// What a run that broke off says of the candidate.
fn refusal(ending: &Ending) -> Option<(CandidateOutcome, FailureClass, String)> {
    let (outcome, class) = match ending {
        Ending::Complete { .. } => return None,
        Ending::TimedOut { .. } => (CandidateOutcome::Timeout, FailureClass::Candidate),
        Ending::Tampered { .. } => (CandidateOutcome::Unviable, FailureClass::Grader),
        _ => (CandidateOutcome::Unviable, FailureClass::Candidate),
    };
    Some((outcome, class, ending.to_string()))
}

/// A test that two runs put into different lists.
fn difference<'a>(one: &'a Comparison, other: &'a Comparison) -> Option<&'a String> {
    let fails = one.fail_to_pass.symmetric_difference(&other.fail_to_pass);
    let passes = one.pass_to_pass.symmetric_difference(&other.pass_to_pass);
    fails.chain(passes).next()
}

/// Adds up what a decision cost.
#[derive(Debug, Default)]
struct Clock {
    runs: usize,
    wall: Duration,
    cpu: Duration,
}

impl Clock {
    fn count(&mut self, run: TestRun) -> TestRun {
        self.runs += 1;
        self.wall += run.wall;
        self.cpu += run.cpu;
        run
    }

    fn decide(&self, verdict: Verdict) -> Decision {
        Decision {
            verdict,
            evidence: json!({
                "runs": self.runs,
                "wall_seconds": self.wall.as_secs_f64(),
                "cpu_seconds": self.cpu.as_secs_f64(),
            }),
        }
    }

    fn refuse(&self, outcome: CandidateOutcome, class: FailureClass, reason: String) -> Decision {
        self.decide(Verdict::Refused {
            outcome,
            class,
            reason,
        })
    }
}
