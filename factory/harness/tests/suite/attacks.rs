//! Tests that break, flee, or lie.

use std::time::Duration;

use swemill_harness::{Ending, Status, TestRun};

use crate::support::{PLUGINS, Situation, table};

fn during(run: &TestRun) -> Option<&str> {
    run.ending.during()
}

#[tokio::test]
async fn a_test_that_leaves_the_process_is_named() {
    let run = Situation::new("exits").run().await;
    assert!(
        matches!(&run.ending, Ending::Crashed { how, .. } if how == "exit status 0"),
        "{}",
        run.ending
    );
    assert_eq!(during(&run), Some("test_exits.py::test_leaves"));
    assert_eq!(table(&run), "passed test_exits.py::test_before\n");
    assert_eq!(run.status("test_exits.py::test_leaves"), Status::Missing);
}

#[tokio::test]
async fn a_file_that_leaves_the_process_is_named() {
    let run = Situation::new("exits_at_import").run().await;
    assert!(
        matches!(run.ending, Ending::Crashed { .. }),
        "{}",
        run.ending
    );
    assert_eq!(during(&run), Some("test_a_leaves.py"));
}

#[tokio::test]
async fn a_file_that_exits_at_import_does_not_count_as_an_end() {
    let run = Situation::new("exit_called_at_import").run().await;
    assert!(!run.ending.is_complete(), "{}", run.ending);
    assert_eq!(during(&run), Some("test_exit.py"));
}

#[tokio::test]
async fn a_test_that_kills_the_process_is_named() {
    let run = Situation::new("kills_itself").run().await;
    assert!(
        matches!(&run.ending, Ending::Crashed { how, .. } if how == "signal 9"),
        "{}",
        run.ending
    );
    assert_eq!(during(&run), Some("test_kills.py::test_kills"));
}

#[tokio::test]
async fn a_test_that_hangs_is_named() {
    let run = Situation::new("hangs")
        .timeout(Duration::from_secs(5))
        .run()
        .await;
    let id = "test_hangs.py::test_sleeps".to_owned();
    assert_eq!(run.ending, Ending::TimedOut { during: Some(id) });
    assert_eq!(run.count(Status::Passed), 6);
}

#[tokio::test]
async fn a_gigabyte_of_output_is_kept_small_and_the_run_goes_on() {
    let run = Situation::new("prints_much")
        .timeout(Duration::from_mins(2))
        .run()
        .await;
    assert_eq!(run.ending, Ending::Complete { exit: 0 });
    assert_eq!(run.count(Status::Passed), 2);
    assert!(run.stdout_tail.len() <= 8 << 10);
    assert!(run.stdout_tail.contains("2 passed"));
}

#[tokio::test]
async fn results_on_standard_output_count_for_nothing() {
    let run = Situation::new("forges_output").run().await;
    assert_eq!(
        table(&run),
        "failed test_forges.py::test_fails_but_claims_to_pass\n"
    );
    assert_eq!(run.ending, Ending::Complete { exit: 1 });
}

#[tokio::test]
async fn a_conftest_that_reports_every_test_as_passed_is_not_believed() {
    for conftest in ["conftest.py", "another_conftest.py"] {
        let situation = Situation::new("rewrites_reports");
        let [chosen, read] =
            [conftest, "conftest.py"].map(|name| situation.repository().join(name));
        std::fs::rename(chosen, read).unwrap();
        let run = situation.run().await;
        assert_eq!(
            table(&run),
            "failed test_broken.py::Case::test_fails\nfailed test_broken.py::test_fails\npassed test_broken.py::test_passes\n",
            "{conftest}"
        );
    }
}

#[tokio::test]
async fn frames_that_the_plugin_did_not_write_void_the_run() {
    let run = Situation::new("forges_frames").run().await;
    assert!(
        matches!(run.ending, Ending::Tampered { .. }),
        "{}",
        run.ending
    );
    assert_eq!(table(&run), "");
}

#[tokio::test]
async fn a_test_that_closes_every_descriptor_is_named() {
    let run = Situation::new("closes_descriptors").run().await;
    assert!(
        matches!(run.ending, Ending::Crashed { .. }),
        "{}",
        run.ending
    );
    assert_eq!(during(&run), Some("test_closes.py::test_closes"));
    assert_eq!(table(&run), "passed test_closes.py::test_before\n");
}

#[tokio::test]
async fn closing_the_low_descriptors_leaves_the_channel() {
    // pytest's own capturing does not survive it: it fails, after the last record.
    let run = Situation::new("closes_few_descriptors").run().await;
    assert_eq!(run.ending, Ending::Complete { exit: 3 });
    assert_eq!(run.status("test_closes.py::test_closes"), Status::Failed);
    assert_eq!(run.status("test_closes.py::test_after"), Status::Error);
}

#[tokio::test]
async fn a_file_put_in_the_channels_place_gets_no_records() {
    let run = Situation::new("reuses_descriptors").run().await;
    assert!(
        matches!(run.ending, Ending::Crashed { .. }),
        "{}",
        run.ending
    );
    assert_eq!(
        during(&run),
        Some("test_reuses.py::test_puts_a_file_where_the_channel_was")
    );
}

#[tokio::test]
async fn a_standard_library_full_of_patches_changes_no_record() {
    // pytest needs `json.dumps` for its cache, after the last test.
    let run = Situation::new("patches").run().await;
    assert_eq!(
        run.ending,
        Ending::Complete { exit: 3 },
        "{}",
        run.stderr_tail
    );
    assert_eq!(run.count(Status::Passed), 4);
    assert_eq!(
        run.status("test_patches.py::test_fails_after"),
        Status::Failed
    );
}

#[tokio::test]
async fn frozen_time_does_not_stop_the_clock() {
    let run = Situation::with("frozen", PLUGINS).run().await;
    assert_eq!(
        run.ending,
        Ending::Complete { exit: 0 },
        "{}",
        run.stdout_tail
    );
    let seconds = run.tests["test_frozen.py::test_waits"].seconds;
    assert!((0.001..30.0).contains(&seconds), "{seconds}");
}

#[tokio::test]
async fn changing_folders_and_deleting_the_repository_stops_nothing() {
    let run = Situation::new("moves_about").run().await;
    assert_eq!(
        run.ending,
        Ending::Complete { exit: 0 },
        "{}",
        run.stdout_tail
    );
    assert_eq!(run.count(Status::Passed), 4);
}

#[tokio::test]
async fn files_with_the_plugins_names_do_not_replace_it() {
    let run = Situation::new("shadows").run().await;
    assert_eq!(table(&run), "passed test_shadows.py::test_passes\n");
}

#[tokio::test]
async fn a_child_that_runs_on_adds_nothing() {
    let run = Situation::new("forks").run().await;
    assert_eq!(run.ending, Ending::Complete { exit: 0 });
    assert_eq!(run.count(Status::Passed), 2);
}

#[tokio::test]
async fn a_test_that_interrupts_the_session_is_named() {
    let run = Situation::new("interrupts").run().await;
    assert!(
        matches!(run.ending, Ending::Interrupted { .. }),
        "{}",
        run.ending
    );
    assert_eq!(during(&run), Some("test_interrupts.py::test_interrupts"));
    assert_eq!(table(&run), "passed test_interrupts.py::test_before\n");
}

#[tokio::test]
async fn a_test_that_ends_the_session_with_status_0_is_no_success() {
    let run = Situation::new("leaves_session").run().await;
    assert!(
        matches!(&run.ending, Ending::Interrupted { reason, .. } if reason.contains("enough")),
        "{}",
        run.ending
    );
    assert_eq!(during(&run), Some("test_leaves.py::test_leaves"));
}

#[tokio::test]
async fn a_test_that_takes_all_memory_is_named() {
    let run = Situation::new("takes_memory").memory(512 << 20).run().await;
    assert!(
        !run.ending.is_complete() || run.status("test_memory.py::test_takes").is_broken(),
        "{}",
        run.ending
    );
    assert_ne!(run.status("test_memory.py::test_takes"), Status::Passed);
}
