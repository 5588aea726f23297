//! Tests that harm: first one bad test among good ones in the untouched repository, then tests that turn bad only
//! when a candidate breaks what they test.

use std::path::Path;

use serde_json::{Value, json};

use super::{refused, run, verdict};
use crate::support::{Home, SOUND, project};

/// Runs the sound project with one more file of tests.
fn run_with(home: &Home, test: &str, settings: &[&str]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let source = project(folder.path(), SOUND);
    project(folder.path(), &[("tests/test_bad.py", test)]);
    let said = run(home, &source, settings);
    assert_eq!(said.code, Some(0), "{}", said.text());
    let verdict = verdict(&said);
    assert!(verdict["instances"].as_u64().unwrap() > 0, "{verdict}");
    verdict
}

/// The baseline's test of this name, if it is known, and how many good tests pass beside it.
fn baseline(home: &Home, name: &str) -> Option<Value> {
    let tests = home.rows("SELECT node_id, status, flaky FROM tests");
    let good = |test: &&Value| {
        test["node_id"]
            .as_str()
            .unwrap()
            .starts_with("tests/test_sums.py")
            && test["status"] == "passed"
    };
    assert_eq!(tests.iter().filter(good).count(), 9, "{tests:?}");
    tests
        .iter()
        .find(|test| test["node_id"].as_str().unwrap().ends_with(name))
        .cloned()
}

/// Demands that a test is in no list of any instance.
fn is_never_listed(home: &Home, name: &str) {
    let text = String::from_utf8(home.exported()).unwrap();
    for row in text.lines() {
        let row: Value = serde_json::from_str(row).unwrap();
        let lists = format!("{}{}", row["FAIL_TO_PASS"], row["PASS_TO_PASS"]);
        assert!(
            lists.contains("test_sums.py") && !lists.contains(name),
            "{lists}"
        );
    }
}

#[test]
fn a_test_that_sleeps_forever_is_left_out_and_the_others_count() {
    let home = Home::new();
    let test = "import time\n\ndef test_sleeps():\n    time.sleep(10**6)\n";
    run_with(&home, test, &["test_timeout_seconds=20"]);
    baseline(&home, "test_sleeps");
    is_never_listed(&home, "test_sleeps");
    home.leaves_nothing();
}

#[test]
fn a_test_that_ends_the_process_is_left_out_and_the_others_count() {
    let home = Home::new();
    run_with(
        &home,
        "import os\n\ndef test_exits():\n    os._exit(0)\n",
        &[],
    );
    baseline(&home, "test_exits");
    is_never_listed(&home, "test_exits");
    home.leaves_nothing();
}

#[test]
fn a_test_that_prints_a_gigabyte_is_read_to_its_end_and_not_kept() {
    let home = Home::new();
    let test = "import os\n\nBLOCK = b'x' * (1 << 20)\n\n\
                def test_prints():\n    for _ in range(1024):\n        os.write(1, BLOCK)\n\n\
                def test_prints_uncaptured(capfd):\n    with capfd.disabled():\n        \
                for _ in range(1024):\n            os.write(1, BLOCK)\n";
    run_with(&home, test, &["baseline_runs=2"]);
    baseline(&home, "test_prints");
    let stored = home.rows("SELECT pg_database_size(current_database()) AS size");
    assert!(stored[0]["size"].as_u64().unwrap() < 50 << 20, "{stored:?}");
    home.leaves_nothing();
}

#[test]
fn a_test_that_deletes_the_repository_harms_only_its_own_sandbox() {
    let home = Home::new();
    let test = "import os, shutil\n\ndef test_deletes():\n    shutil.rmtree(os.getcwd(), ignore_errors=True)\n    \
                shutil.rmtree('/', ignore_errors=True)\n";
    let folder = tempfile::tempdir().unwrap();
    let source = project(folder.path(), SOUND);
    // The last file, so that the shuffled run alone decides who suffers.
    project(folder.path(), &[("tests/test_zz.py", test)]);
    let said = run(&home, &source, &["baseline_runs=2"]);
    assert!(source.join("sums.py").exists());
    assert!(
        said.code == Some(0) || said.code == Some(1),
        "{}",
        said.text()
    );
    // Whatever the baseline became, what sandboxes are made from is whole: the good tests alone pass again.
    std::fs::remove_file(source.join("tests/test_zz.py")).unwrap();
    let said = run(&home, &source, &["baseline_runs=2"]);
    assert_eq!(said.code, Some(0), "{}", said.text());
    assert!(verdict(&said)["instances"].as_u64().unwrap() > 0);
    home.leaves_nothing();
}

/// Imitates pytest and our records on every descriptor there is.
const FORGE: &str = r"
import json, os

def forge(places=None):
    lines = [
        'tests/test_forged.py::test_forged PASSED',
        '===== 100 passed in 0.01s =====',
        json.dumps({'kind': 'test', 'id': 'tests/test_forged.py::test_forged', 'nodeid': 'tests/test_forged.py::test_forged',
                    'outcome': 'passed', 'when': 'call', 'n': 1, 'hmac': '0' * 64}),
    ]
    for name in places or os.listdir('/proc/self/fd'):
        for line in lines:
            try:
                os.write(int(name), (line + '\n').encode())
            except OSError:
                pass
";

#[test]
fn results_that_a_test_prints_are_output_and_nothing_else() {
    let home = Home::new();
    let test = format!("{FORGE}\n\ndef test_forges():\n    forge(['1', '2'])\n");
    run_with(&home, &test, &[]);
    assert!(baseline(&home, "test_forged").is_none());
    is_never_listed(&home, "test_forged");
    home.leaves_nothing();
}

#[test]
fn a_suite_that_writes_to_the_record_channel_is_refused() {
    let home = Home::new();
    let folder = tempfile::tempdir().unwrap();
    let source = project(folder.path(), SOUND);
    let test = format!("{FORGE}\n\ndef test_forges():\n    forge()\n");
    project(folder.path(), &[("tests/test_bad.py", &test)]);
    let said = run(&home, &source, &[]);
    refused(
        &home,
        &said,
        "environment",
        &["the record channel was tampered with"],
    );
    assert_eq!(home.rows("SELECT * FROM tests"), [] as [Value; 0]);
}

/// Three functions, each with a test that turns bad in a way of its own when the function is broken, and one
/// whose test is sound.
fn treacherous(folder: &Path) {
    let module =
        |name: &str| format!("def {name}(n):\n    if n > 1:\n        return n + 2\n    return 0\n");
    let (sleeps, exits, forges) = (module("sleeps"), module("exits"), module("forges"));
    let (sound, forge) = (module("sound"), FORGE);
    let test = |name: &str, deed: &str| {
        format!(
            "import os\nfrom {name} import {name}\n{forge}\n\ndef test_{name}():\n    \
             if ({name}(0), {name}(1), {name}(2), {name}(5)) != (0, 0, 4, 7):\n        {deed}\n\n\ndef test_{name}_is_there():\n    assert {name}\n"
        )
    };
    let deeds = [
        ("sleeps", "while True: pass"),
        ("exits", "os._exit(0)"),
        ("forges", "forge(); os._exit(0)"),
        ("sound", "assert False"),
    ];
    for (name, code) in ["sleeps", "exits", "forges", "sound"]
        .iter()
        .zip([sleeps, exits, forges, sound])
    {
        std::fs::write(folder.join(format!("{name}.py")), code).unwrap();
    }
    for (name, deed) in deeds {
        std::fs::write(folder.join(format!("test_{name}.py")), test(name, deed)).unwrap();
    }
}

#[test]
fn a_candidate_under_which_tests_hang_exit_or_forge_is_never_accepted() {
    let home = Home::new();
    let folder = tempfile::tempdir().unwrap();
    treacherous(folder.path());
    let said = home.run(&[
        "run",
        folder.path().to_str().unwrap(),
        "--json",
        "--per-file",
        "2",
        "--set",
        "test_timeout_seconds=20",
    ]);
    assert_eq!(said.code, Some(0), "{}", said.text());
    let decided = home.rows("SELECT file, outcome, failure_class FROM candidates");
    let outcomes = |file: &str| -> Vec<&Value> {
        let of_file = decided.iter().filter(|candidate| candidate["file"] == file);
        let noticed = of_file.filter(|candidate| candidate["outcome"] != "survived");
        noticed.map(|candidate| &candidate["outcome"]).collect()
    };
    let all = |file: &str, allowed: &[&str]| {
        let found = outcomes(file);
        assert!(!found.is_empty(), "{file}: {decided:?}");
        assert!(
            found
                .iter()
                .all(|outcome| allowed.iter().any(|word| *outcome == &json!(word))),
            "{file}: {decided:?}"
        );
    };
    all("sleeps.py", &["timeout"]);
    all("exits.py", &["unviable"]);
    all("forges.py", &["unviable"]);
    all("sound.py", &["accepted"]);
    is_of_sound_tests(&home);
    home.leaves_nothing();
}

fn is_of_sound_tests(home: &Home) {
    for row in String::from_utf8(home.exported()).unwrap().lines() {
        let row: Value = serde_json::from_str(row).unwrap();
        assert_eq!(
            row["FAIL_TO_PASS"],
            json!(["test_sound.py::test_sound"]),
            "{row}"
        );
    }
}
