//! Several runs of an untouched repository, and a changed one beside them.

use std::time::Duration;

use swemill_harness::{BaselineOptions, Comparison, Error, Instability, Status, compare};

use crate::support::Situation;

#[tokio::test]
async fn whatever_differs_between_runs_is_named_and_kept_apart() {
    let counter = tempfile::tempdir().unwrap();
    let options = BaselineOptions {
        seed: 0,
        ..BaselineOptions::default()
    };
    let baseline = Situation::new("unsteady")
        .writable_mount(counter.path(), "/counter")
        .baseline(&options)
        .await
        .unwrap();
    let why = |name: &str| {
        baseline.tests[&format!("test_unsteady.py::{name}")]
            .instability
            .clone()
    };
    assert_eq!(
        why("test_fails_in_the_second_run"),
        Some(Instability::Flaky {
            statuses: vec![Status::Passed, Status::Failed, Status::Passed]
        })
    );
    assert_eq!(
        why("test_second_of_two"),
        Some(Instability::OrderDependent {
            ordered: Status::Passed,
            shuffled: Status::Failed
        })
    );
    assert_eq!(why("test_first_of_two"), None);
    let by_chance: Vec<_> = baseline
        .flaky()
        .filter(|(id, _)| id.contains("test_named_by_chance"))
        .collect();
    assert_eq!(by_chance.len(), 3);
    assert!(
        by_chance
            .iter()
            .all(|(_, why)| **why == Instability::UnstableId)
    );
    assert_eq!(baseline.passing().count(), 8 + 1 + 1);
    assert_eq!(baseline.runs, 3);
    assert_eq!(baseline.timeout, Duration::from_secs(30));
}

#[tokio::test]
async fn too_few_passing_tests_are_refused_with_the_numbers() {
    let error = Situation::new("weak")
        .baseline(&BaselineOptions::default())
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            Error::WeakBaseline {
                passing: 4,
                counted: 10,
                failing: 6,
                flaky: 0,
                ..
            }
        ),
        "{error}"
    );
    assert!(error.to_string().contains("4 of 10 tests pass"), "{error}");
    let options = BaselineOptions {
        least_passing: 4,
        least_share: 0.4,
        runs: 1,
        ..BaselineOptions::default()
    };
    let baseline = Situation::new("weak").baseline(&options).await.unwrap();
    assert_eq!(baseline.passing().count(), 4);
}

#[tokio::test]
async fn tests_and_files_that_kill_the_process_are_left_out() {
    let baseline = Situation::new("guilty")
        .baseline(&BaselineOptions::default())
        .await
        .unwrap();
    let ids: Vec<_> = baseline
        .excluded
        .iter()
        .map(|excluded| excluded.id.as_str())
        .collect();
    assert_eq!(
        ids,
        [
            "test_leaves_at_import.py",
            "test_guilty.py::test_leaves",
            "test_guilty.py::test_kills"
        ]
    );
    assert!(
        baseline.excluded[2].reason.contains("signal 11"),
        "{}",
        baseline.excluded[2].reason
    );
    assert_eq!(baseline.passing().count(), 6);
    assert!(
        baseline
            .request()
            .exclude
            .contains("test_guilty.py::test_kills")
    );
}

#[tokio::test]
async fn a_test_that_hangs_is_left_out() {
    let options = BaselineOptions {
        timeout: Duration::from_secs(5),
        runs: 2,
        ..BaselineOptions::default()
    };
    let baseline = Situation::new("hangs").baseline(&options).await.unwrap();
    assert_eq!(baseline.excluded[0].id, "test_hangs.py::test_sleeps");
    assert_eq!(baseline.passing().count(), 6);
}

#[tokio::test]
async fn the_number_of_tests_left_out_is_bounded() {
    let options = BaselineOptions {
        exclusions: 2,
        ..BaselineOptions::default()
    };
    let error = Situation::new("guilty")
        .baseline(&options)
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::BaselineRun { run: 1, .. }),
        "{error}"
    );
    assert!(
        error.to_string().contains("test_guilty.py::test_kills"),
        "{error}"
    );
    assert!(
        error
            .to_string()
            .contains("after leaving out test_leaves_at_import.py"),
        "{error}"
    );
}

#[tokio::test]
async fn a_repository_without_tests_is_refused() {
    let error = Situation::new("no_tests")
        .baseline(&BaselineOptions::default())
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            Error::WeakBaseline {
                passing: 0,
                counted: 0,
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_change_is_judged_by_exact_ids() {
    let baseline = Situation::new("calculator")
        .baseline(&BaselineOptions::default())
        .await
        .unwrap();
    let changed = Situation::new("calculator_changed");
    let comparison = compare(&baseline, &changed.run().await);
    let set = |names: &[&str]| names.iter().map(ToString::to_string).collect();
    assert_eq!(
        comparison,
        Comparison {
            fail_to_pass: set(&["test_add.py::test_add[2]", "test_import.py::test_imports"]),
            pass_to_pass: set(&[
                "test_add.py::test_add[0]",
                "test_add.py::test_add[1]",
                "test_add.py::test_always"
            ]),
            uncollected: set(&["test_import.py::test_imports"]),
            missing: set(&["test_add.py::test_dropped"]),
            changed: set(&["test_add.py::test_turns_to_skip"]),
            newly_passing: set(&["test_add.py::test_fails_at_first"]),
        }
    );
}
