//! What is decided of a submission.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use swemill_harness::{Ending, Status, TestRun};
use swemill_store::FailureClass;
use swemill_store::instances::Instance;

use super::audit::Finding;
use super::submission::Refused;
use super::tripwire::Told;

/// The verdict on a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every test of both lists passed.
    Resolved,
    /// Some test of the lists did not.
    Unresolved,
    /// There was nothing to apply.
    Empty,
    /// The patch could not be applied.
    NotApplied,
    /// It was caught lying about results.
    Tampered,
    /// It could not be judged, for reasons that are not its own.
    Failed,
}

impl Outcome {
    /// The word that is shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Resolved => "resolved",
            Self::Unresolved => "unresolved",
            Self::Empty => "empty",
            Self::NotApplied => "not applied",
            Self::Tampered => "tampered",
            Self::Failed => "failed",
        }
    }
}

/// What a prediction has for a patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Patch {
    /// `null`.
    Null,
    /// No text, or blanks.
    Empty,
    /// Text.
    Text,
}

/// The grade of a submission, with all that led to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Grade {
    /// The instance.
    pub instance_id: String,
    /// The verdict.
    pub outcome: Outcome,
    /// Whose fault it is that there is no plain verdict.
    pub class: Option<FailureClass>,
    /// Why.
    pub reason: Option<String>,
    /// What there is of a patch.
    pub patch: Patch,
    /// Whether the patch could be applied.
    pub patch_applied: bool,
    /// What the tests of the lists did.
    pub tests: Option<TestsStatus>,
    /// What of the submission was not applied.
    pub refused: Vec<Refused>,
    /// What in the submission reaches for its judge.
    pub audit: Vec<Finding>,
    /// What the tripwires tell.
    pub tripwires: Option<Told>,
    /// Processor seconds of the tests.
    pub cpu_seconds: f64,
    /// Whether it was known from before.
    #[serde(skip_deserializing)]
    pub cached: bool,
}

/// The lists of an instance, each in two: by what its tests did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub struct TestsStatus {
    /// Tests that the break made fail.
    pub fail_to_pass: Split,
    /// Tests that passed under the break.
    pub pass_to_pass: Split,
    /// SWE-bench's shape has this; nothing is in it.
    pub fail_to_fail: Split,
    /// SWE-bench's shape has this; nothing is in it.
    pub pass_to_fail: Split,
}

/// Tests by what they did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// Passed.
    pub success: Vec<String>,
    /// Did anything else, or were not seen.
    pub failure: Vec<String>,
}

impl Grade {
    /// A grade of which nothing but its outcome is known.
    pub fn new(instance_id: &str, outcome: Outcome, patch: Option<&str>) -> Self {
        Self {
            instance_id: instance_id.to_owned(),
            outcome,
            class: None,
            reason: None,
            patch: match patch {
                None => Patch::Null,
                Some(text) if text.trim().is_empty() => Patch::Empty,
                Some(_) => Patch::Text,
            },
            patch_applied: false,
            tests: None,
            refused: Vec::new(),
            audit: Vec::new(),
            tripwires: None,
            cpu_seconds: 0.0,
            cached: false,
        }
    }

    /// The same with the one at fault and the reason.
    pub fn because(mut self, class: FailureClass, reason: impl Into<String>) -> Self {
        self.class = Some(class);
        self.reason = Some(reason.into());
        self
    }

    /// Decides by a run of the tests: by exact ids, a missing test is a failure, and so is one whose id another
    /// test bears.
    pub fn judge(mut self, instance: &Instance, run: &TestRun, told: Told) -> Self {
        let passed = |id: &String| {
            run.status(id) == Status::Passed
                && run.tests.get(id).is_some_and(|record| !record.ambiguous)
        };
        let split = |list: &[String]| {
            let (success, failure) = list.iter().cloned().partition(passed);
            Split { success, failure }
        };
        let tests = TestsStatus {
            fail_to_pass: split(&instance.fail_to_pass),
            pass_to_pass: split(&instance.pass_to_pass),
            ..TestsStatus::default()
        };
        let all_passed =
            tests.fail_to_pass.failure.is_empty() && tests.pass_to_pass.failure.is_empty();
        self.patch_applied = true;
        self.tests = Some(tests);
        self.cpu_seconds = run.cpu.as_secs_f64();
        let tampered = match (&run.ending, &told) {
            (Ending::Tampered { reason }, _)
            | (Ending::Complete { .. }, Told::Tampered { reason }) => Some(reason.clone()),
            _ => None,
        };
        self.tripwires = Some(told);
        if let Some(reason) = tampered {
            self.outcome = Outcome::Tampered;
            return self.because(FailureClass::Agent, reason);
        }
        self.outcome = if all_passed && run.ending.is_complete() {
            Outcome::Resolved
        } else {
            Outcome::Unresolved
        };
        if let Some((class, reason)) = broken_run(run) {
            return self.because(class, reason);
        }
        self
    }

    /// Whether the same submission would get the same grade again: nothing of this machine or moment is in it.
    pub fn is_lasting(&self) -> bool {
        let timed_out = self
            .reason
            .as_deref()
            .is_some_and(|reason| reason.starts_with("the time was up"));
        self.outcome != Outcome::Failed && !timed_out
    }
}

/// What kept tests from running, if anything did.
fn broken_run(run: &TestRun) -> Option<(FailureClass, String)> {
    match &run.ending {
        Ending::Complete { .. } => {}
        Ending::NotStarted { .. } => {
            return Some((FailureClass::Environment, run.ending.to_string()));
        }
        ending => return Some((FailureClass::Agent, ending.to_string())),
    }
    let first = run.collection_errors.first()?;
    let files: BTreeSet<&str> = run
        .collection_errors
        .iter()
        .map(|error| error.id.as_str())
        .collect();
    let last = first.text.trim().lines().last().unwrap_or_default();
    Some((
        FailureClass::Agent,
        format!(
            "{} files of tests cannot be imported: {}: {last}",
            files.len(),
            first.id
        ),
    ))
}
