//! What every kind of test is called.

use swemill_harness::{Ending, Status};

use crate::support::{Situation, lines, table};

const FUNCTIONS: &str = "
    error test_functions.py::TestGrouped::test_one
    passed test_functions.py::TestGrouped::TestDeeper::test_three
    passed test_functions.py::TestGrouped::test_two
    failed test_functions.py::test_exits
    failed test_functions.py::test_fails
    failed test_functions.py::test_fails_and_teardown_breaks
    passed test_functions.py::test_passes
    error test_functions.py::test_setup_breaks
    skipped test_functions.py::test_setup_skips
    skipped test_functions.py::test_skips
    error test_functions.py::test_teardown_breaks
    xfailed test_functions.py::test_xfails
    xfailed test_functions.py::test_xfails_without_running
    xpassed test_functions.py::test_xpasses
    failed test_functions.py::test_xpasses_strictly
";

const UNITTEST: &str = "
    error test_unittest.py::ClassBreaks::test_one
    error test_unittest.py::ClassBreaks::test_two
    failed test_unittest.py::Outcomes::test_fails
    xfailed test_unittest.py::Outcomes::test_fails_as_expected
    passed test_unittest.py::Outcomes::test_passes
    skipped test_unittest.py::Outcomes::test_skips
    failed test_unittest.py::Outcomes::test_subtest_fails
    passed test_unittest.py::Outcomes::test_subtests_pass
    failed test_unittest.py::Outcomes::test_succeeds_unexpectedly
    skipped test_unittest.py::SkipsInSetUp::test_never_runs
    failed test_unittest.py::TearDownBreaks::test_passes_before
";

const DOCTEST: &str = "
    passed package/documented.py::package.documented.double
    failed package/documented.py::package.documented.triple
";

async fn every_kind_of_test_gets_its_status(packages: &[&str]) {
    let run = Situation::with("statuses", packages).run().await;
    assert_eq!(
        run.ending,
        Ending::Complete { exit: 1 },
        "{}",
        run.stderr_tail
    );
    let expected = lines(DOCTEST)
        + &lines(FUNCTIONS)
        + "error test_module_breaks.py::Case::test_one\n"
        + &lines(UNITTEST);
    let sorted = |text: &str| {
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.sort_by(|a, b| a.split_once(' ').cmp(&b.split_once(' ')));
        lines
    };
    assert_eq!(sorted(&table(&run)), sorted(&expected));
}

#[tokio::test]
async fn every_kind_of_test_gets_its_status_in_pytest_6() {
    every_kind_of_test_gets_its_status(&["pytest>=6,<7"]).await;
}

#[tokio::test]
async fn every_kind_of_test_gets_its_status_in_pytest_7() {
    every_kind_of_test_gets_its_status(&["pytest>=7,<8"]).await;
}

#[tokio::test]
async fn every_kind_of_test_gets_its_status_in_pytest_8() {
    every_kind_of_test_gets_its_status(&["pytest>=8,<9"]).await;
}

#[tokio::test]
async fn every_kind_of_test_gets_its_status_in_pytest_9() {
    every_kind_of_test_gets_its_status(&["pytest>=9,<10"]).await;
}

#[tokio::test]
async fn a_failure_says_where_and_why() {
    let run = Situation::new("statuses").run().await;
    let record = &run.tests["test_functions.py::test_fails"];
    let crash = record.crash.as_ref().unwrap();
    assert!(crash.path.ends_with("test_functions.py"), "{}", crash.path);
    assert_eq!(crash.line, 9);
    assert!(crash.message.contains("sums are hard"), "{}", crash.message);
    assert!(record.text.as_ref().unwrap().contains("assert 1 + 1 == 3"));
    let skipped = &run.tests["test_functions.py::test_skips"];
    assert_eq!(skipped.text.as_deref(), Some("Skipped: not here"));
}

#[tokio::test]
async fn after_many_failures_the_last_frames_of_each_have_to_do() {
    let run = Situation::new("many_failures").run().await;
    let frames = |id: &str| {
        let text = run.tests[id].text.as_ref().unwrap();
        text.matches("File \"").count()
    };
    assert!(frames("test_deep.py::test_function[0]") >= 8);
    for (id, message) in [
        ("test_deep.py::test_function[24]", "ValueError: number 24"),
        (
            "test_deep.py::TestCase::test_method",
            "ValueError: number 25",
        ),
    ] {
        assert_eq!(run.status(id), Status::Failed);
        assert_eq!(frames(id), 2, "{id}");
        let crash = run.tests[id].crash.as_ref().unwrap();
        assert_eq!((crash.line, crash.message.as_str()), (9, message));
    }
    // Where the last frames are hidden, as many as lead to one that is not.
    let hidden = &run.tests["test_deep.py::TestZ::test_hidden"];
    let crash = hidden.crash.as_ref().unwrap();
    assert_eq!(
        (crash.line, crash.message.as_str()),
        (31, "ValueError: hidden")
    );
}

#[tokio::test]
async fn what_cannot_be_collected_is_named_and_the_rest_runs() {
    let run = Situation::new("uncollectable").run().await;
    assert_eq!(run.ending, Ending::Complete { exit: 1 });
    assert_eq!(table(&run), "passed test_sound.py::test_passes\n");
    let ids: Vec<_> = run
        .collection_errors
        .iter()
        .map(|error| error.id.as_str())
        .collect();
    assert_eq!(ids, ["inner", "test_import.py", "test_syntax.py"]);
    assert!(
        run.collection_errors[1]
            .text
            .contains("No module named 'a_module_that_nobody_has'")
    );
    for id in [
        "test_import.py::test_never_seen",
        "test_syntax.py::test_never_seen",
        "inner/test_inner.py::test_never_seen",
    ] {
        assert_eq!(run.status(id), Status::Error, "{id}");
    }
    assert_eq!(
        run.status("test_module_skips.py::test_never_seen"),
        Status::Missing
    );
    assert_eq!(run.status("test_sound.py::test_other"), Status::Missing);
}

#[tokio::test]
async fn ugly_ids_come_out_whole() {
    let run = Situation::new("ids").run().await;
    assert_eq!(run.ending, Ending::Complete { exit: 0 });
    for value in [
        "with space",
        "a::b",
        "[c]",
        "a/b.py",
        "\\xe9",
        "two\\nlines",
        "\\udc80",
        "tab\\t",
        "'\"\\\\",
        "\\u2603\\u2603\\u2603",
    ] {
        let id = format!("test_ids.py::test_value[{value}]");
        assert_eq!(run.status(&id), Status::Passed, "{id}");
    }
    assert_eq!(
        run.status(&format!("test_ids.py::test_long[{}]", "x".repeat(5000))),
        Status::Passed
    );
    assert_eq!(run.tests.len(), 11 + 1 + 12);
}

#[tokio::test]
async fn ids_may_hold_any_character() {
    let run = Situation::new("unicode_ids").run().await;
    let ids: Vec<_> = run.tests.keys().map(String::as_str).collect();
    assert_eq!(
        ids,
        [
            "test_ids.py::test_value[\u{1b}[31m]",
            "test_ids.py::test_value[two\nlines]",
            "test_ids.py::test_value[é☃]"
        ]
    );
}

#[tokio::test]
async fn tests_that_share_an_id_are_flagged_and_the_worst_counts() {
    let run = Situation::new("duplicates").run().await;
    assert_eq!(
        table(&run),
        "passed test_twins.py::test_alone\nfailed test_twins.py::test_twin\n"
    );
    assert!(run.tests["test_twins.py::test_twin"].ambiguous);
    assert!(!run.tests["test_twins.py::test_alone"].ambiguous);
}

#[tokio::test]
async fn collecting_lists_the_tests_and_runs_none() {
    let collection = Situation::new("uncollectable").collect().await;
    assert_eq!(collection.ending, Ending::Complete { exit: 1 });
    let tests: Vec<_> = collection.tests.into_iter().collect();
    assert_eq!(
        tests,
        [(
            "test_sound.py::test_passes".to_owned(),
            ("test_sound.py".to_owned(), Some(1))
        )]
    );
    assert_eq!(collection.collection_errors.len(), 3);
}

#[tokio::test]
async fn collecting_names_ids_that_tests_share() {
    let collection = Situation::new("duplicates").collect().await;
    assert_eq!(collection.duplicates, ["test_twins.py::test_twin"]);
    assert_eq!(collection.ending, Ending::Complete { exit: 0 });
}
