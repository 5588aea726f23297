//! Proving a candidate: which tests fail under it, by exact ids, and that its reverse takes it back.
//!
//! [`Judge::decide`] goes the quickest way that is exact (`fast`); [`Judge::lists`] and [`Judge::restored_lists`] go the
//! slow, clean one (`slow`). Both give the same lists: `swemill verify` compares them.

mod changes;
mod evidence;
mod fast;
mod slow;

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use serde_json::Value;
use swemill_harness::{Comparison, Ending, Reach, TestRun};
use swemill_sandbox::{Backend, Limits};
use swemill_store::FailureClass;
use swemill_store::candidates::CandidateOutcome;

use crate::failure::StageError;
use crate::machine::Loaded;
use crate::warm::Idle;
use changes::{changes, restore};
use evidence::Clock;
use fast::Judged;

/// Runs that must agree where chance may have a part: as many as make this many tests, within these bounds.
const TESTS_AGAINST_CHANCE: usize = 1000;
const RUNS_AGAINST_CHANCE: RangeInclusive<usize> = 4..=20;

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

impl Verdict {
    fn refused(outcome: CandidateOutcome, class: FailureClass, reason: String) -> Self {
        Self::Refused {
            outcome,
            class,
            reason,
        }
    }
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
    /// Runs that agreed on the lists.
    pub confirmations: usize,
}

/// Decides candidates in one environment.
#[derive(Debug)]
pub struct Judge<'a> {
    /// Where sandboxes come from.
    pub backend: &'a dyn Backend,
    /// The environment and its baseline.
    pub environment: &'a Loaded,
    /// The environment's number in the store.
    pub environment_id: i64,
    /// Processes that wait to run tests.
    pub warm: &'a Idle,
    /// Ceilings of a sandbox.
    pub limits: &'a Limits,
    /// What is demanded.
    pub rules: Rules,
}

impl Judge<'_> {
    /// Decides a candidate by its patch. Errors are the machinery's; whatever the candidate does is a verdict.
    pub async fn decide(&self, patch: &str) -> Result<Decision, StageError> {
        let mut clock = Clock::default();
        let verdict = self.verdict(patch, &mut clock).await?;
        Ok(Decision {
            verdict,
            evidence: clock.evidence(),
        })
    }

    async fn verdict(&self, patch: &str, clock: &mut Clock) -> Result<Verdict, StageError> {
        let unviable =
            |reason| Verdict::refused(CandidateOutcome::Unviable, FailureClass::Candidate, reason);
        let changes = match changes(&self.environment.tree, patch) {
            Ok(changes) => changes,
            Err(reason) => return Ok(unviable(reason)),
        };
        // The same bytes do what they did in the baseline.
        if let Err(reason) = restore(patch, &changes) {
            return Ok(unviable(reason));
        }
        let Some(Judged { run: broken, lists }) = self.run_reached(&changes, clock).await? else {
            return Ok(Verdict::Survived);
        };
        if let Some((outcome, class, reason)) = refusal(&broken.ending) {
            return Ok(Verdict::refused(outcome, class, reason));
        }
        if lists.fail_to_pass.is_empty() && lists.missing.is_empty() {
            return Ok(Verdict::Survived);
        }
        if let Some(test) = broken.hit_by_chance() {
            let reason = format!("it is chance that an exception in garbage hits {test}");
            return Ok(Verdict::refused(
                CandidateOutcome::Flaky,
                FailureClass::Candidate,
                reason,
            ));
        }
        if let Some(reason) = self.unfit(&lists) {
            return Ok(unviable(reason));
        }
        let differs = |test: &String| {
            let reason = format!("under the break, {test} does not do the same in every run");
            Verdict::refused(CandidateOutcome::Flaky, FailureClass::Candidate, reason)
        };
        for _ in 1..self.rules.confirmations {
            let again = self.run_reached(&changes, clock).await?;
            let again = again.map(|judged| judged.lists).unwrap_or_default();
            if let Some(test) = differing(&lists, &again).next() {
                return Ok(differs(test));
            }
        }
        let mut confirmations = self.rules.confirmations;
        if let Some(reach) = self.reach_of_chance(&lists, &broken) {
            let (least, most) = RUNS_AGAINST_CHANCE.into_inner();
            let runs = TESTS_AGAINST_CHANCE / broken.tests.len().max(1);
            let runs = confirmations.max(runs.clamp(least, most));
            for _ in confirmations..runs {
                let again = self.run_chance(reach, &changes, clock).await?;
                if let Some(test) =
                    differing(&lists, &again.lists).find(|test| reach.is_chance(test))
                {
                    return Ok(differs(test));
                }
            }
            confirmations = runs;
        }
        Ok(Verdict::Accepted(Box::new(Accepted {
            fail_to_pass: lists.fail_to_pass,
            pass_to_pass: lists.pass_to_pass,
            broken,
            confirmations,
        })))
    }

    /// What tests reach, if chance may have a part in the lists: a test that draws random numbers or reads the clock did
    /// not do the same at every repeat; or there were too few repeats, and such a test fails or is known to be reached.
    fn reach_of_chance(&self, lists: &Comparison, run: &TestRun) -> Option<&Reach> {
        let reach = self.environment.reach.as_ref()?;
        let of_some = run.tests.len() < reach.tests.len();
        let may_have = match &run.repeated {
            Some(repeated) if !repeated.wavering.is_empty() => true,
            Some(repeated) if repeated.enough => false,
            _ => {
                lists.fail_to_pass.iter().any(|id| reach.is_chance(id))
                    || of_some && run.tests.keys().any(|id| reach.is_chance(id))
            }
        };
        may_have.then_some(reach)
    }

    /// With more failing tests a candidate is refused, however many they are.
    fn most_failures(&self) -> usize {
        let stable = self.environment.baseline.passing().count();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            reason = "a share of a suite's tests"
        )]
        let most = (stable as f64 * self.rules.max_broken_share).floor() as usize;
        // Tests that never passed may fail as well.
        most + self.environment.baseline.tests.len() - stable
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

/// Tests that two runs put into different lists.
fn differing<'a>(one: &'a Comparison, other: &'a Comparison) -> impl Iterator<Item = &'a String> {
    let fails = one.fail_to_pass.symmetric_difference(&other.fail_to_pass);
    let passes = one.pass_to_pass.symmetric_difference(&other.pass_to_pass);
    fails.chain(passes)
}
