//! What a repository's configuration may not decide, and what a run can be asked.

use swemill_harness::{Ending, Status};

use crate::support::{PLUGINS, Situation, table};

const PARALLEL: &str = "failed test_parallel.py::test_number[0]
passed test_parallel.py::test_number[1]
passed test_parallel.py::test_number[2]
failed test_parallel.py::test_number[3]
passed test_parallel.py::test_number[4]
passed test_parallel.py::test_number[5]
";

#[tokio::test]
async fn parallelism_coverage_and_early_stops_are_switched_off() {
    let run = Situation::with("parallel", PLUGINS).run().await;
    assert_eq!(
        run.ending,
        Ending::Complete { exit: 1 },
        "{}",
        run.stderr_tail
    );
    assert_eq!(table(&run), PARALLEL);
}

#[tokio::test]
async fn options_of_such_plugins_are_accepted_where_they_are_not_installed() {
    for packages in [["pytest>=6,<7"], ["pytest>=9,<10"]] {
        let run = Situation::with("parallel", &packages).run().await;
        assert_eq!(
            run.ending,
            Ending::Complete { exit: 1 },
            "{}",
            run.stderr_tail
        );
        assert_eq!(table(&run), PARALLEL);
    }
}

#[tokio::test]
async fn plugins_that_reorder_and_retry_do_not_hide_what_happened() {
    let run = Situation::with("plugins", PLUGINS).run().await;
    assert_eq!(
        run.ending,
        Ending::Complete { exit: 1 },
        "{}",
        run.stderr_tail
    );
    assert_eq!(run.count(Status::Passed), 13, "{}", table(&run));
    assert_eq!(run.status("test_plugins.py::test_fails"), Status::Failed);
    assert_eq!(run.status("test_plugins.py::test_subtests"), Status::Failed);
    let retried = &run.tests["test_plugins.py::test_passes_at_the_third_attempt"];
    assert_eq!(
        (retried.status, retried.rerun, retried.ambiguous),
        (Status::Passed, true, false)
    );
    assert!(!run.tests["test_plugins.py::test_fails"].rerun);
}

#[tokio::test]
async fn an_option_that_nobody_knows_is_a_usage_error() {
    let run = Situation::new("usage_error").run().await;
    let Ending::UsageError { message } = &run.ending else {
        panic!("{}", run.ending);
    };
    assert!(message.contains("--an-option-nobody-has"), "{message}");
}

#[tokio::test]
async fn a_broken_top_conftest_is_a_usage_error() {
    let run = Situation::new("conftest_breaks").run().await;
    let Ending::UsageError { message } = &run.ending else {
        panic!("{}", run.ending);
    };
    assert!(message.contains("the whole suite needs this"), "{message}");
}

#[tokio::test]
async fn no_tests_is_an_end_of_its_own() {
    let run = Situation::new("no_tests").run().await;
    assert_eq!(run.ending, Ending::Complete { exit: 5 });
}

#[tokio::test]
async fn an_environment_without_pytest_is_not_started() {
    let run = Situation::with("no_tests", &["wheel"]).run().await;
    let Ending::NotStarted { message } = &run.ending else {
        panic!("{}", run.ending);
    };
    assert!(message.contains("No module named 'pytest'"), "{message}");
}

#[tokio::test]
async fn exactly_the_chosen_ids_run() {
    let ids = [
        "test_ids.py::test_value[a::b]",
        "test_ids.py::test_value[\\udc80]",
        "test_ids.py::test_gone",
    ];
    let run = Situation::new("ids").ids(&ids).run().await;
    assert_eq!(
        table(&run),
        "passed test_ids.py::test_value[\\udc80]\npassed test_ids.py::test_value[a::b]\n"
    );
    assert_eq!(run.not_found, ["test_ids.py::test_gone"]);
}

#[tokio::test]
async fn only_files_with_chosen_ids_are_imported() {
    let run = Situation::new("exits_at_import")
        .ids(&["test_b_stays.py::test_stays[3]"])
        .run()
        .await;
    assert_eq!(run.ending, Ending::Complete { exit: 0 });
    assert_eq!(table(&run), "passed test_b_stays.py::test_stays[3]\n");
}

#[tokio::test]
async fn ids_by_the_thousand_can_be_chosen() {
    let mut ids: Vec<String> = (0..20_000)
        .map(|n| format!("test_ids.py::test_gone[{n:0>50}]"))
        .collect();
    ids.push("test_ids.py::test_value[[c]]".to_owned());
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let run = Situation::new("ids").ids(&ids).run().await;
    assert_eq!(table(&run), "passed test_ids.py::test_value[[c]]\n");
    assert_eq!(run.not_found.len(), 20_000);
}

#[tokio::test]
async fn excluded_tests_and_files_do_not_run() {
    let run = Situation::new("exits_at_import")
        .exclude("test_a_leaves.py")
        .exclude("test_b_stays.py::test_stays[0]")
        .run()
        .await;
    assert_eq!(run.ending, Ending::Complete { exit: 0 });
    assert_eq!(run.count(Status::Passed), 5);
}

#[tokio::test]
async fn shuffling_changes_the_order_by_its_seed_alone() {
    let ordered = Situation::new("order").run().await;
    assert_eq!(order(&ordered), "a1 a2 a3 A1 A2 A3 b1 b2 b3");
    let first = order(&Situation::new("order").shuffle(1).run().await);
    let again = order(&Situation::new("order").shuffle(1).run().await);
    let other = order(&Situation::new("order").shuffle(2).run().await);
    assert_eq!(first, again);
    assert_ne!(first, other);
    assert_ne!(first, order(&ordered));
    // Files and classes stay together.
    for shuffled in [&first, &other] {
        let mut groups: Vec<char> = shuffled
            .split(' ')
            .map(|word| word.chars().next().unwrap())
            .collect();
        groups.dedup();
        assert_eq!(groups.len(), 3, "{shuffled}");
    }
}

/// The order in which the situation's tests ran, as they say themselves.
fn order(run: &swemill_harness::TestRun) -> String {
    assert_eq!(run.count(Status::Passed), 9, "{}", run.stdout_tail);
    let line = run
        .stdout_tail
        .lines()
        .find_map(|line| line.strip_prefix("ORDER "));
    line.unwrap_or_else(|| panic!("no order in {}", run.stdout_tail))
        .trim()
        .to_owned()
}

#[tokio::test]
async fn the_commands_arguments_are_honoured() {
    let run = Situation::new("order")
        .arguments(&["test_b.py", "-k", "not b2"])
        .run()
        .await;
    assert_eq!(
        table(&run),
        "passed test_b.py::test_b1\npassed test_b.py::test_b3\n"
    );
}
