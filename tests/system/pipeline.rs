//! From a project to a data set, and everything that must be the same the second time.

use std::path::Path;

use serde_json::Value;

use crate::support::{Home, SOUND, project};

/// Makes instances of the small project and exports them; returns the rows' bytes.
fn data_set(home: &Home, source: &Path, threads: &str) -> Vec<u8> {
    let source = source.to_str().unwrap();
    home.succeed(&[
        "run",
        source,
        "--seed",
        "3",
        "--max-candidates",
        "25",
        "--workers",
        threads,
    ]);
    exported(home)
}

fn exported(home: &Home) -> Vec<u8> {
    let out = home.path().join("out");
    home.succeed(&["export", "swesmith", "--out", out.to_str().unwrap()]);
    std::fs::read(out.join("swesmith.jsonl")).unwrap()
}

fn rows(bytes: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(bytes).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn strings(value: &Value) -> Vec<&str> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item.as_str().unwrap())
        .collect()
}

#[test]
fn a_project_becomes_proven_instances_and_a_second_run_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let source = project(&folder.path().join("sums"), SOUND);
    let (first, second) = (Home::new(), Home::new());
    let bytes = data_set(&first, &source, "1");
    assert_eq!(
        bytes,
        data_set(&second, &source, "2"),
        "two runs give two data sets"
    );

    let rows = rows(&bytes);
    assert!(rows.len() >= 10, "only {} instances", rows.len());
    for row in &rows {
        let (fails, passes) = (strings(&row["FAIL_TO_PASS"]), strings(&row["PASS_TO_PASS"]));
        assert!(!fails.is_empty() && !passes.is_empty(), "{row}");
        assert!(fails.iter().all(|test| !passes.contains(test)), "{row}");
        assert!(
            fails
                .iter()
                .chain(&passes)
                .all(|test| test.starts_with("tests/test_sums.py::")),
            "{row}"
        );
        assert!(
            row["instance_id"]
                .as_str()
                .unwrap()
                .starts_with("local__sums."),
            "{row}"
        );
        assert_eq!(row["licence"], "MIT");
        assert_eq!(row["file"], "sums.py");
        assert!(!row["problem_statement"].as_str().unwrap().is_empty());
    }
    let verified = first.succeed(&["verify", "--all", "--json"]).json();
    assert_eq!(verified["agreed"], rows.len(), "{verified}");
}

#[test]
fn every_exported_patch_applies_with_git_and_its_reverse_restores_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let source = project(&folder.path().join("sums"), SOUND);
    let home = Home::new();
    let rows = rows(&data_set(&home, &source, "2"));
    let original = std::fs::read(source.join("sums.py")).unwrap();
    for row in rows {
        let patch = folder.path().join("break.diff");
        std::fs::write(&patch, row["patch"].as_str().unwrap()).unwrap();
        let git = |reverse: &[&str]| {
            let mut command = std::process::Command::new("git");
            let done = command
                .current_dir(&source)
                .arg("apply")
                .args(reverse)
                .arg(&patch)
                .status();
            assert!(done.unwrap().success(), "{row}");
        };
        git(&[]);
        assert_ne!(
            std::fs::read(source.join("sums.py")).unwrap(),
            original,
            "{row}"
        );
        git(&["--reverse"]);
        assert_eq!(
            std::fs::read(source.join("sums.py")).unwrap(),
            original,
            "{row}"
        );
    }
}

#[test]
fn caches_can_be_deleted_and_what_is_needed_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let source = project(&folder.path().join("sums"), SOUND);
    let home = Home::new();
    data_set(&home, &source, "2");
    for cache in ["trees", "environments", "downloads"] {
        let _ = std::fs::remove_dir_all(home.path().join(cache));
    }
    let verified = home.succeed(&["verify", "--sample", "2", "--json"]).json();
    assert_eq!(verified["agreed"], 2, "{verified}");
}

#[test]
fn a_changed_folder_is_noticed_when_its_cache_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let source = project(&folder.path().join("sums"), SOUND);
    let home = Home::new();
    data_set(&home, &source, "2");
    std::fs::write(source.join("sums.py"), "def clamp(*_):\n    return 0\n").unwrap();
    std::fs::remove_dir_all(home.path().join("trees")).unwrap();
    let said = home.run(&["verify", "--sample", "1"]);
    assert_eq!(said.code, Some(3), "{}", said.text());
    assert!(said.stderr.contains("its files changed"), "{}", said.text());
}

#[test]
fn adding_the_same_source_twice_does_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let source = project(&folder.path().join("sums"), SOUND);
    let home = Home::new();
    let once = data_set(&home, &source, "2");
    let jobs = home.counts()["jobs"].clone();
    assert_eq!(data_set(&home, &source, "2"), once);
    assert_eq!(home.counts()["jobs"], jobs);
}

#[test]
fn two_data_sets_of_one_store_have_the_same_bytes_in_both_formats() {
    let folder = tempfile::tempdir().unwrap();
    let source = project(&folder.path().join("sums"), SOUND);
    let home = Home::new();
    data_set(&home, &source, "2");
    for (format, file) in [
        ("swesmith", "swesmith.jsonl"),
        ("parquet", "instances.parquet"),
    ] {
        let export = |name: &str| {
            let out = home.path().join(name);
            home.succeed(&["export", format, "--out", out.to_str().unwrap()]);
            let card = std::fs::read_to_string(out.join("README.md")).unwrap();
            assert!(card.contains("| MIT |"), "{card}");
            std::fs::read(out.join(file)).unwrap()
        };
        assert_eq!(export("one"), export("two"), "{format}");
    }
}
