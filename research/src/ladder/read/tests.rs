use std::fs;
use std::path::PathBuf;

use super::*;
use crate::ladder::Role;

/// A file that lives as long as its folder.
fn file(name: &str, content: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    (folder, path)
}

fn said(ladder: &Ladder) -> Vec<String> {
    ladder.exclusions.iter().map(ToString::to_string).collect()
}

const LONG: &str = "run,n,tokens,step,task,loss,accuracy,energy\n\
    small,1e8,2000,2,maze,1.5,0.3,7\n\
    small,1e8,1000,1,maze,2.5,0.2,3\n";

#[test]
fn a_long_table_is_read_and_sorted_by_step() {
    let (_folder, path) = file("runs.csv", LONG);
    let ladder = read(&path).unwrap();
    let checkpoints = ladder.runs[0].of_task("maze");
    let losses: Vec<_> = checkpoints
        .iter()
        .map(|checkpoint| checkpoint.loss)
        .collect();
    assert_eq!(losses, [Some(2.5), Some(1.5)]);
    assert_eq!(checkpoints[1].features.get("energy"), Some(&7.0));
    assert_eq!(ladder.runs[0].rung, "100M");
    assert!(ladder.exclusions.is_empty());
}

#[test]
fn json_lines_say_the_same_as_csv() {
    let lines = r#"{"run":"small","n":1e8,"tokens":1000,"step":1,"task":"maze","loss":2.5,"accuracy":0.2,"energy":3}

{"energy":7,"run":"small","n":1e8,"tokens":2000,"step":2,"task":"maze","loss":1.5,"accuracy":0.3}"#;
    let (_one, csv) = file("runs.csv", LONG);
    let (_two, jsonl) = file("runs.jsonl", lines);
    let (csv, jsonl) = (read(&csv).unwrap(), read(&jsonl).unwrap());
    assert_eq!(format!("{:?}", csv.runs), format!("{:?}", jsonl.runs));
}

#[test]
fn a_wide_table_has_a_column_a_task_and_shared_features() {
    let content = "model,mode,run,mult,n,tokens,c4_ce,arc_acc,arc_bpb,arc_easy_acc,arc_easy_bpb,arc_easy_ce\n\
        190M,train,a,1xC,190354176,1000,3.5,0.3,1.5,0.4,1.2,0.9\n\
        7B,eval,b,,6887575552,4e12,2.4,0.6,0.7,0.8,0.5,0.3\n";
    let (_folder, path) = file("wide.csv", content);
    let ladder = read(&path).unwrap();
    assert_eq!(ladder.tasks, ["arc", "arc_easy"]);
    let first = &ladder.runs[0].of_task("arc_easy")[0];
    assert_eq!((first.loss, first.accuracy), (Some(1.2), Some(0.4)));
    assert_eq!((first.features["ce"], first.features["c4_ce"]), (0.9, 3.5));
    assert!(!ladder.runs[0].of_task("arc")[0].features.contains_key("ce"));
    assert_eq!(
        ladder
            .of_role(Role::Target)
            .map(|run| run.name.as_str())
            .collect::<Vec<_>>(),
        ["b"]
    );
    assert!(ladder.exclusions.is_empty(), "{:?}", said(&ladder));
}

#[test]
fn what_cannot_be_used_is_named_with_its_place() {
    let content = "run,n,tokens,step,task,loss,accuracy\n\
        a,1e8,1000,1,maze,NaN,0.2\n\
        a,1e8,2000,2,maze,2.0,20\n\
        a,1e8,3000,3,maze,oops,0.3\n\
        a,1e8,,4,maze,1.0,0.4\n\
        ,1e8,5000,5,maze,1.0,0.4\n\
        a,1e8,6000,6,maze,-1,0.5\n\
        a,1e8,7000,7,maze,1.1,0.6\n\
        a,1e8,7000,7,maze,1.2,0.7\n";
    let (_folder, path) = file("bad.csv", content);
    let ladder = read(&path).unwrap();
    let said = said(&ladder);
    for expected in [
        "empty cells: loss, 1 (first: bad.csv line 2)",
        "values out of range: accuracy, 1 (first: bad.csv line 3)",
        "cells that are no number: loss, 1 (first: bad.csv line 4)",
        "rows without a needed cell: tokens, 1 (first: bad.csv line 5)",
        "rows without a needed cell: run, 1 (first: bad.csv line 6)",
        "values out of range: loss, 1 (first: bad.csv line 7)",
        "rows repeated later: run a, task maze, 1 (first: bad.csv line 8)",
    ] {
        assert!(
            said.iter().any(|line| line == expected),
            "{expected}: {said:#?}"
        );
    }
    let last = ladder.runs[0].of_task("maze").last().unwrap();
    assert_eq!(last.loss, Some(1.2));
}

#[test]
fn files_that_are_no_tables_of_checkpoints_are_refused_or_passed_over() {
    let (folder, path) = file("other.csv", "task,n\nmaze,1\n");
    let error = read(&path).unwrap_err().to_string();
    assert!(
        error.contains("no column run, tokens, loss or accuracy"),
        "{error}"
    );
    fs::write(folder.path().join("runs.csv"), LONG).unwrap();
    fs::write(folder.path().join("README.md"), "words").unwrap();
    let ladder = read(folder.path()).unwrap();
    assert_eq!(ladder.runs.len(), 1);
    assert!(said(&ladder)[0].starts_with("not a table of checkpoints: other.csv"));
}

#[test]
fn broken_files_give_errors_that_say_where() {
    for (name, content, expected) in [
        ("a.csv", "run,n\nx,1,2\n", "line: 2"),
        ("a.csv", "", "no column run"),
        ("a.csv", "run,n,tokens,task,loss\n", "no row is complete"),
        (
            "a.csv",
            "run,n,d,tokens,task,loss\n",
            "two columns say Tokens",
        ),
        ("a.jsonl", "{\"run\":", "line 1"),
        ("a.jsonl", "[1,2]\n", "line 1"),
        ("a.jsonl", "{}\n", "no column run"),
    ] {
        let (_folder, path) = file(name, content);
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains(expected), "{name} {content:?}: {error}");
    }
    let folder = tempfile::tempdir().unwrap();
    let error = read(folder.path()).unwrap_err().to_string();
    assert!(error.contains("no .csv or .jsonl file"), "{error}");
    assert!(matches!(
        read(&folder.path().join("none")),
        Err(LadderError::Read { .. })
    ));
}

#[test]
fn one_name_for_two_models_is_refused() {
    let content = "run,n,tokens,task,loss\na,1e8,1,maze,1\na,2e8,1,maze,1\n";
    let (_folder, path) = file("a.csv", content);
    assert!(matches!(read(&path), Err(LadderError::TwoSizes { .. })));
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.csv", "a.jsonl"] {
            let path = folder.path().join(name);
            let mut content = b"run,n,tokens,task,loss,accuracy\n".to_vec();
            content.extend(&bytes);
            fs::write(&path, content).unwrap();
            let _ = read(&path);
        }
    }
}
