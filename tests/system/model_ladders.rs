//! `swemill research ladder`: what its verbs say and write, and how they refuse.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use swemill_research::ladder::{Role, Synthetic};

use crate::support::Home;

/// A synthetic ladder as a file of JSON lines.
fn data(folder: &Path, with_target: bool) -> PathBuf {
    let synthetic = Synthetic {
        noise: 0.01,
        ..Synthetic::example()
    };
    let mut lines = String::new();
    for row in synthetic.observations() {
        if with_target || row.role == Role::Fit {
            let line = serde_json::json!({
                "run": row.run, "model": row.rung, "role": row.role, "n": row.parameters, "tokens": row.tokens,
                "step": row.step, "task": row.task, "loss": row.loss, "accuracy": row.accuracy,
            });
            writeln!(lines, "{line}").unwrap();
        }
    }
    let path = folder.join("ladder.jsonl");
    std::fs::write(&path, lines).unwrap();
    path
}

fn ladder(home: &Home, verb: &str, data: &Path, more: &[&str]) -> crate::support::Said {
    let data = data.to_str().unwrap();
    let mut arguments = vec!["research", "ladder", verb, "--data", data];
    arguments.extend(more);
    home.run(&arguments)
}

#[test]
fn every_verb_prints_one_json_document() {
    let home = Home::new();
    let data = data(home.temporary(), true);
    let said = ladder(&home, "fit", &data, &["--json"]).json();
    assert_eq!(said["tasks"].as_array().unwrap().len(), 2);
    let alpha = said["tasks"][0]["steps"][0]["parameters"]["alpha"].as_f64();
    assert!(alpha.is_some_and(|alpha| alpha > 0.0), "{said}");
    let said = ladder(
        &home,
        "predict",
        &data,
        &["--json", "--samples", "20", "--at", "70B,15T"],
    );
    let predictions = said.json()["predictions"].clone();
    assert_eq!(predictions.as_array().unwrap().len(), 4);
    assert!(
        predictions[0]["accuracy_band"]["low"].is_number(),
        "{predictions}"
    );
    assert!(
        predictions[0]["outcome"]["error_points"].is_number(),
        "{predictions}"
    );
    assert!(predictions[1]["outcome"].is_null(), "{predictions}");
    let said = ladder(&home, "variance", &data, &["--json"]).json();
    assert_eq!(said["last"], 10);
    let said = ladder(&home, "plan", &data, &["--json"]).json();
    assert!(
        said["plan"]["recommended"]["share"].as_f64().unwrap() <= 5.0,
        "{said}"
    );
}

#[test]
fn figures_and_the_report_are_written_where_asked() {
    let home = Home::new();
    let data = data(home.temporary(), true);
    let figures = home.temporary().join("figures");
    let report = home.temporary().join("report.html");
    let (folder, file) = (figures.to_str().unwrap(), report.to_str().unwrap());
    let more = ["--samples", "20", "--figures", folder, "--report", file];
    let said = ladder(&home, "fit", &data, &more);
    assert_eq!(said.code, Some(0), "{}", said.text());
    for figure in ["step1.svg", "step2.svg", "chained.svg"] {
        let svg = std::fs::read_to_string(figures.join(figure)).unwrap();
        assert!(
            svg.starts_with("<svg") && svg.ends_with("</svg>\n"),
            "{figure}"
        );
    }
    let html = std::fs::read_to_string(report).unwrap();
    assert!(html.contains("<h2>Next rungs</h2>") && html.contains("knowledge"));
}

#[test]
fn what_cannot_be_done_is_refused_with_a_remedy() {
    let home = Home::new();
    let data = data(home.temporary(), false);
    for (verb, more, expected) in [
        (
            "fit",
            &["--tasks", "mmlu"][..],
            "it has completion, knowledge",
        ),
        (
            "fit",
            &["--targets", "nobody"],
            "there is no run \"nobody\"",
        ),
        ("fit", &["--chance", "mmlu"], "is not TASK=SHARE"),
        ("fit", &["--skip", "1"], "a share from 0 to below 1"),
        (
            "fit",
            &["--feature", "c4_ce"],
            "there is no feature \"c4_ce\" in the data; it has none",
        ),
        ("predict", &[], "name a scale as N,D"),
        (
            "predict",
            &["--at", "7B,4T", "--samples", "3"],
            "it must be from 10",
        ),
        ("variance", &["--checkpoints", "1"], "at least 2"),
        ("plan", &[], "--at N,D"),
        ("plan", &["--at", "7B,4T", "--budget", "0"], "above zero"),
    ] {
        let said = ladder(&home, verb, &data, more);
        assert_eq!(said.code, Some(3), "{verb} {more:?}: {}", said.text());
        assert!(
            said.stderr.contains(expected),
            "{verb} {more:?}: {}",
            said.text()
        );
    }
    let said = ladder(&home, "predict", &data, &["--at", "7B"]);
    assert_eq!(said.code, Some(2), "{}", said.text());
    assert!(said.stderr.contains("such as 7e9,4e12"), "{}", said.text());
    let said = ladder(&home, "fit", Path::new("/nowhere/at/all"), &["--json"]);
    assert!(
        said.json()["error"]
            .as_str()
            .unwrap()
            .contains("cannot read /nowhere/at/all")
    );
}
