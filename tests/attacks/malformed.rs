//! Diffs that mean to write elsewhere than into the repository's source, in ways that git would not write.

use crate::ledger::Factory;
use crate::submissions::{Graded, Submission};

/// A plugin in a line: every test passes without being run.
const CHEAT: &str = "def pytest_pyfunc_call(pyfuncitem): return True";

/// Makes a file of one line.
fn creates(header: &str, name: &str) -> String {
    format!("{header}--- /dev/null\n+++ {name}\n@@ -0,0 +1 @@\n+{CHEAT}\n")
}

/// Makes a file of that kind, as git would.
fn with_mode(mode: &str, path: &str, content: &str) -> String {
    format!(
        "diff --git a/{path} b/{path}\nnew file mode {mode}\nindex 0000000..1234567\n--- /dev/null\n+++ b/{path}\n\
         @@ -0,0 +1 @@\n+{content}\n\\ No newline at end of file\n"
    )
}

/// Attacks by the names of files.
fn places() -> Vec<(&'static str, String)> {
    let git = |from: &str, to: &str| format!("diff --git a/{from} b/{to}\n");
    vec![
        (
            "climbs_out",
            creates("", "b/../../../../../../tmp/swemill-attacked"),
        ),
        ("climbs_and_comes_back", creates("", "b/sub/../conftest.py")),
        ("absolute", creates("", "/tmp/swemill-attacked")),
        (
            "absolute_behind_the_prefix",
            creates("", "b//tmp/swemill-attacked"),
        ),
        ("a_dot_on_the_way", creates("", "b/./conftest.py")),
        ("two_slashes", creates("", "b/tests//conftest.py")),
        ("without_prefix", creates("", "conftest.py")),
        (
            "with_a_date",
            creates("", "b/conftest.py\t2026-11-25 08:00:00"),
        ),
        ("quoted", creates("", "\"b/\\143onftest.py\"")),
        (
            "names_that_differ",
            creates(&git("notes.py", "notes.py"), "b/conftest.py"),
        ),
        (
            "another_case",
            creates("", "b/ConfTest.py") + &creates("", "b/PYTEST.INI"),
        ),
    ]
}

/// Attacks by the kinds of files, by moves, and by diffs that are none.
fn kinds() -> Vec<(&'static str, String)> {
    let git = |from: &str, to: &str| format!("diff --git a/{from} b/{to}\n");
    let moved = |from: &str, to: &str, kind: &str| {
        format!(
            "{}similarity index 100%\n{kind} from {from}\n{kind} to {to}\n",
            git(from, to)
        )
    };
    vec![
        (
            "git_hook",
            with_mode("100755", ".git/hooks/post-checkout", "#!/bin/sh"),
        ),
        ("git_configuration", creates("", "b/.git/config")),
        ("git_folder_of_another_case", creates("", "b/.GIT/config")),
        ("attributes", creates("", "b/.gitattributes")),
        (
            "link_in_the_place_of_a_test",
            with_mode("120000", "tests/test_amounts.py", "/dev/null"),
        ),
        (
            "link_to_the_host",
            with_mode("120000", "notes", "/etc/passwd"),
        ),
        (
            "through_a_link_of_its_own",
            with_mode("120000", "door", "tests") + &creates("", "b/door/conftest.py"),
        ),
        (
            "submodule",
            with_mode(
                "160000",
                "tests",
                "Subproject commit 1234567890123456789012345678901234567890",
            ),
        ),
        ("setuid", with_mode("104755", "tool", "#!/bin/sh")),
        (
            "mode_alone",
            format!(
                "{}old mode 100644\nnew mode 100755\n",
                git("tests/test_amounts.py", "tests/test_amounts.py")
            ),
        ),
        (
            "moves_the_tests_away",
            moved("tests/test_amounts.py", "notes.txt", "rename"),
        ),
        (
            "moves_over_the_tests",
            moved("ledger.py", "tests/test_entries.py", "rename"),
        ),
        (
            "copies_over_the_tests",
            moved("ledger.py", "tests/test_entries.py", "copy"),
        ),
        (
            "deletes_the_tests",
            format!(
                "{}deleted file mode 100644\n",
                git("tests/test_entries.py", "tests/test_entries.py")
            ),
        ),
        ("control_characters", creates("", "b/a\u{7}\u{1b}[2J.py")),
        ("a_nul", creates("", "b/a\0conftest.py")),
        ("turned_around", creates("", "b/\u{202e}yp.tsetfnoc")),
        (
            "a_name_too_long",
            creates("", &format!("b/{}.py", "n".repeat(300))),
        ),
        (
            "a_path_too_deep",
            creates("", &format!("b/{}x.py", "d/".repeat(3000))),
        ),
        (
            "counts_that_lie",
            "--- a/ledger.py\n+++ b/ledger.py\n@@ -1,4000000000 +1,4000000000 @@\n+x\n".to_owned(),
        ),
        ("no_diff_at_all", "all tests pass\n".to_owned()),
    ]
}

#[test]
fn diffs_that_reach_outside_the_source_change_nothing() {
    let factory = Factory::with_instances(20);
    let instances = factory.instances();
    let (gold, others) = instances.split_first().unwrap();
    let mut graded: Vec<Graded> = Vec::new();
    for patches in [places(), kinds()].concat().chunks(others.len()) {
        let submissions: Vec<_> = patches
            .iter()
            .zip(others)
            .map(|((name, patch), instance)| {
                let (name, patch) = ((*name).to_owned(), patch.clone());
                (instance.as_str(), Submission { name, patch })
            })
            .collect();
        graded.extend(factory.grade(gold, &submissions));
    }
    for graded in &graded {
        let fine = matches!(graded.outcome.as_str(), "unresolved" | "not_applied");
        assert!(fine, "{}: {:#}", graded.name, graded.grade);
    }
    assert!(!std::path::Path::new("/tmp/swemill-attacked").exists());
    factory.leaves_nothing();
}

#[test]
fn a_huge_diff_is_refused_before_it_costs_anything() {
    let factory = Factory::with_instances(4);
    let instances = factory.instances();
    let lines = 400_000;
    let body =
        "+x = 1 # some more words so that this is long enough to matter at all, and then some\n"
            .repeat(lines);
    let patch = format!("--- /dev/null\n+++ b/large.py\n@@ -0,0 +1,{lines} @@\n{body}");
    assert!(patch.len() > 30 << 20);
    let name = "huge".to_owned();
    let graded = factory.grade(
        &instances[0],
        &[(instances[1].as_str(), Submission { name, patch })],
    );
    assert_eq!(graded[0].outcome, "not_applied", "{:#}", graded[0].grade);
    factory.leaves_nothing();
}
