//! What the hidden tests say, as a trainer needs it.

use swemill_store::FailureClass;

use crate::grading::grade::{Grade, Outcome, Split};

/// A grade without anything that tells which tests judge.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The outcome, as `swemill grade` has it.
    pub outcome: Outcome,
    /// 1 if resolved, 0 if not; none if it could not be judged by no fault of the policy.
    pub reward: Option<f64>,
    /// The tests of `FAIL_TO_PASS`, where they ran.
    pub fail_to_pass: Option<Passed>,
    /// The tests of `PASS_TO_PASS`, where they ran.
    pub pass_to_pass: Option<Passed>,
    /// Whose fault it is that there is no plain verdict.
    pub class: Option<FailureClass>,
    /// Why; left out where tests ran, since their words could name them.
    pub reason: Option<String>,
    /// Files that the patch changes and that were not applied: tests, configuration.
    pub refused: Vec<String>,
    /// Whether the same patch was graded before.
    pub cached: bool,
}

/// How many of a list passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed {
    /// These.
    pub passed: usize,
    /// Of so many.
    pub total: usize,
}

impl Verdict {
    /// Of an episode that the machinery failed before it could be graded.
    pub(super) fn of_broken(reason: String) -> Self {
        Self {
            outcome: Outcome::Failed,
            reward: None,
            fail_to_pass: None,
            pass_to_pass: None,
            class: Some(FailureClass::Infra),
            reason: Some(reason),
            refused: Vec::new(),
            cached: false,
        }
    }
}

impl From<Grade> for Verdict {
    fn from(grade: Grade) -> Self {
        let reward = match grade.outcome {
            Outcome::Resolved => Some(1.0),
            Outcome::Failed => None,
            Outcome::Unresolved | Outcome::Empty | Outcome::NotApplied | Outcome::Tampered => {
                Some(0.0)
            }
        };
        let tests = grade.tests.as_ref();
        Self {
            outcome: grade.outcome,
            reward,
            fail_to_pass: tests.map(|tests| Passed::of(&tests.fail_to_pass)),
            pass_to_pass: tests.map(|tests| Passed::of(&tests.pass_to_pass)),
            class: grade.class,
            reason: grade.reason.filter(|_| tests.is_none()),
            refused: grade.refused.into_iter().map(|file| file.path).collect(),
            cached: grade.cached,
        }
    }
}

impl Passed {
    fn of(split: &Split) -> Self {
        let passed = split.success.len();
        Self {
            passed,
            total: passed + split.failure.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grading::grade::TestsStatus;

    fn grade(outcome: Outcome) -> Grade {
        Grade::new("a", outcome, Some("text"))
    }

    #[test]
    fn only_what_was_judged_has_a_reward() {
        let reward = |outcome| Verdict::from(grade(outcome)).reward;
        assert_eq!(reward(Outcome::Resolved), Some(1.0));
        for outcome in [
            Outcome::Unresolved,
            Outcome::Empty,
            Outcome::NotApplied,
            Outcome::Tampered,
        ] {
            assert_eq!(reward(outcome), Some(0.0), "{outcome:?}");
        }
        assert_eq!(reward(Outcome::Failed), None);
        assert_eq!(Verdict::of_broken("gone".to_owned()).reward, None);
    }

    #[test]
    fn tests_are_counted_and_nothing_names_them() {
        let mut judged =
            grade(Outcome::Unresolved).because(FailureClass::Agent, "hidden_test.py broke");
        judged.tests = Some(TestsStatus {
            fail_to_pass: Split {
                success: vec!["hidden_test.py::a".to_owned()],
                failure: vec!["hidden_test.py::b".to_owned()],
            },
            ..TestsStatus::default()
        });
        let verdict = Verdict::from(judged);
        let counted = Passed {
            passed: 1,
            total: 2,
        };
        assert_eq!(verdict.fail_to_pass, Some(counted));
        assert!(
            !format!("{verdict:?}").contains("hidden_test"),
            "{verdict:?}"
        );
    }
}
