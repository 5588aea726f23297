//! Honest and clumsy submissions.

use serde_json::{Value, json};

use super::{as_lines, canary_instance, gold, grade, grade_said, instances, new_file};
use crate::support::{Home, SOUND};

#[test]
fn gold_resolves_every_instance_and_the_empty_patch_none() {
    let (home, folder) = (Home::new(), tempfile::tempdir().unwrap());
    let source = crate::support::project(&folder.path().join("sums"), SOUND);
    home.succeed(&[
        "run",
        source.to_str().unwrap(),
        "--seed",
        "3",
        "--max-candidates",
        "12",
    ]);
    let said = home.succeed(&["grade", "--gold", "--json"]).json();
    let report = &said["reports"]["gold"];
    let count = report["total_instances"].as_u64().unwrap();
    assert!(count >= 5, "{report}");
    assert_eq!(report["resolved_instances"], count, "{said}");
    assert_eq!(said["failures"], json!({}));
    for grade in said["grades"].as_array().unwrap() {
        assert_eq!(grade["tripwires"], json!({"tripwires": "sound"}), "{grade}");
    }
    let ids = report["resolved_ids"].as_array().unwrap();
    let rows = ids.iter().enumerate().map(|(number, id)| {
        let patch = [json!(""), Value::Null][number % 2].clone();
        json!({"instance_id": id, "model_name_or_path": "m", "model_patch": patch})
    });
    let file = home.path().join("empty.jsonl");
    std::fs::write(&file, as_lines(rows)).unwrap();
    let empty = home
        .succeed(&["grade", file.to_str().unwrap(), "--json"])
        .json();
    assert_eq!(empty["reports"]["m"]["resolved_instances"], 0);
    assert_eq!(empty["reports"]["m"]["empty_patch_instances"], count);
    home.leaves_nothing();
}

#[test]
fn a_submission_is_judged_by_its_tests_and_known_the_second_time() {
    let (home, folder) = (Home::new(), tempfile::tempdir().unwrap());
    let instance = canary_instance(&home, folder.path());
    // Changes something, mends nothing: SWE-bench's reports have it completed and unresolved.
    let useless = json!(new_file("labels/new.py", "x = 1\n"));
    let first = grade(&home, &instance, &useless, &[]);
    assert_eq!(first["outcome"], "unresolved", "{first}");
    assert_eq!(first["cached"], false);
    let lists = &first["tests"];
    let fails = instance["fail_to_pass"].as_array().unwrap().len();
    assert_eq!(
        lists["FAIL_TO_PASS"]["failure"].as_array().unwrap().len(),
        fails
    );
    assert_eq!(lists["PASS_TO_PASS"]["failure"], json!([]));
    let again = grade(&home, &instance, &useless, &[]);
    assert_eq!(again["cached"], true, "{again}");
    assert_eq!(again["tests"], first["tests"]);
    assert_eq!(
        grade(&home, &instance, &useless, &["--no-cache"])["cached"],
        false
    );
    // Another patch of the same instance is another key.
    let mended = grade(&home, &instance, &json!(gold(&instance)), &[]);
    assert_eq!(
        (&mended["outcome"], &mended["cached"]),
        (&json!("resolved"), &json!(false))
    );
}

#[test]
fn a_repair_that_agents_tools_wrote_otherwise_is_applied_all_the_same() {
    let (home, folder) = (Home::new(), tempfile::tempdir().unwrap());
    let instance = canary_instance(&home, folder.path());
    let gold = gold(&instance);
    // A mail around it, other context, no newline at its end, a rename beside it.
    let moved = "diff --git a/labels/extra.py b/labels/more.py\nsimilarity index 100%\nrename from labels/extra.py\n\
                 rename to labels/more.py\n";
    let stub = new_file("labels/extra.py", "from labels.more import twice\n");
    let deleted_test =
        "diff --git a/tests/test_label.py b/tests/test_label.py\ndeleted file mode 100644\n";
    for (patch, refused) in [
        (format!("From: me\nSubject: fix\n\n{gold}\n-- \n2.39\n"), 0),
        (gold.trim_end().to_owned(), 0),
        (format!("{gold}{moved}{stub}"), 0),
        (format!("{deleted_test}{gold}"), 1),
    ] {
        let grade = grade(&home, &instance, &json!(patch), &[]);
        assert_eq!(grade["outcome"], "resolved", "{patch}\n{grade}");
        assert_eq!(
            grade["refused"].as_array().unwrap().len(),
            refused,
            "{grade}"
        );
    }
}

#[test]
fn what_does_not_apply_or_does_not_run_is_the_agents_failure_and_says_why() {
    let (home, folder) = (Home::new(), tempfile::tempdir().unwrap());
    let instance = canary_instance(&home, folder.path());
    let misfit = "--- a/labels/core.py\n+++ b/labels/core.py\n@@ -1,2 +1,2 @@\n-def nothing():\n+def something():\n     pass\n";
    let missing = "--- a/labels/none.py\n+++ b/labels/none.py\n@@ -1 +1 @@\n-a\n+b\n";
    for (patch, words) in [
        (misfit, "does not fit labels/core.py"),
        (missing, "it is not there"),
        ("no diff at all", "no diff of any file"),
    ] {
        let grade = grade(&home, &instance, &json!(patch), &[]);
        assert_eq!(grade["outcome"], "not_applied", "{grade}");
        assert_eq!(grade["class"], "agent");
        assert!(grade["reason"].as_str().unwrap().contains(words), "{grade}");
        assert_eq!(
            grade["report"][instance["id"].as_str().unwrap()]["patch_successfully_applied"],
            false
        );
    }
    let breaks_import = "--- a/labels/__init__.py\n+++ b/labels/__init__.py\n@@ -1 +1 @@\n-from labels.core import label, shout\n\
                         +import nothing_of_that_name\n";
    let grade = grade(&home, &instance, &json!(breaks_import), &[]);
    assert_eq!(
        (&grade["outcome"], &grade["class"]),
        (&json!("unresolved"), &json!("agent")),
        "{grade}"
    );
    assert!(
        grade["reason"]
            .as_str()
            .unwrap()
            .contains("nothing_of_that_name"),
        "{grade}"
    );
}

#[test]
fn reports_are_written_as_swe_bench_writes_them() {
    let (home, folder) = (Home::new(), tempfile::tempdir().unwrap());
    let instance = canary_instance(&home, folder.path());
    let out = folder.path().join("out");
    let gold = json!(gold(&instance));
    grade_said(
        &home,
        &[(&instance, &gold)],
        &["--out", out.to_str().unwrap(), "--run-id", "r1"],
    );
    let read = |path: &str| -> Value {
        let bytes = std::fs::read(out.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        serde_json::from_slice(&bytes).unwrap()
    };
    let id = instance["id"].as_str().unwrap();
    let report = read(&format!(
        "logs/run_evaluation/r1/test__model/{id}/report.json"
    ));
    assert_eq!(report[id]["resolved"], true);
    assert_eq!(report[id]["patch_is_None"], false);
    assert_eq!(
        report[id]["tests_status"]["FAIL_TO_PASS"]["success"],
        instance["fail_to_pass"]
    );
    assert_eq!(
        report[id]["tests_status"]["PASS_TO_FAIL"],
        json!({"success": [], "failure": []})
    );
    let run = read("test__model.r1.json");
    assert_eq!(run["schema_version"], 2);
    assert_eq!(run["resolved_ids"], json!([id]));
}

#[test]
fn predictions_that_cannot_be_graded_are_all_named_and_nothing_is_graded() {
    let (home, folder) = (Home::new(), tempfile::tempdir().unwrap());
    instances(&home, folder.path(), super::PROJECT);
    let file = folder.path().join("bad.jsonl");
    std::fs::write(
        &file,
        "{\"instance_id\": \"x\", \"model_patch\": \"\"}\n{oops\n[]\n",
    )
    .unwrap();
    let said = home.run(&["grade", file.to_str().unwrap()]);
    assert_eq!(said.code, Some(3), "{}", said.text());
    assert!(
        said.stderr.contains("line 2: it is not JSON"),
        "{}",
        said.text()
    );
    assert!(
        said.stderr.contains("line 3: it is no object"),
        "{}",
        said.text()
    );
    std::fs::write(&file, "{\"instance_id\": \"x\", \"model_patch\": \"\"}\n").unwrap();
    let said = home.run(&["grade", file.to_str().unwrap()]);
    assert_eq!(said.code, Some(3), "{}", said.text());
    assert!(said.stderr.contains("not here:\n  x"), "{}", said.text());
}
