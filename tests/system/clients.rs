//! Programs that others published, at work with what is exported and served here.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::model_serving::{MODEL, ModelServer};
use crate::support::python::{python, satisfied};
use crate::support::{Home, SOUND, project};

/// A home with two instances of the small project, which are exported into `folder`.
fn exported(folder: &Path) -> (Home, Vec<Value>) {
    let source = project(&folder.join("sums"), SOUND);
    let home = Home::new();
    let source = source.to_str().unwrap();
    home.succeed(&["run", source, "--seed", "3", "--max-candidates", "6"]);
    let dataset = folder.join("dataset");
    home.succeed(&["export", "swesmith", "--out", dataset.to_str().unwrap()]);
    let lines = std::fs::read_to_string(dataset.join("swesmith.jsonl")).unwrap();
    let rows: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(rows.len() >= 2, "{lines}");
    (home, rows)
}

/// A script that finds our environment class and this home.
fn at_home<'a>(home: &Home, command: &'a mut Command) -> &'a mut Command {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples");
    command
        .env("PYTHONPATH", examples)
        .env("SWEMILL", env!("CARGO_BIN_EXE_swemill"))
        .env("SWEMILL_HOME", home.path())
        .env("TMPDIR", home.temporary())
        .env("SWEMILL_BASELINE_MIN_PASSING", "1")
        .env("HF_DATASETS_CACHE", home.temporary().join("datasets"))
        .env("MSWEA_SILENT_STARTUP", "1")
        .env_remove("DATABASE_URL")
}

fn repair(row: &Value) -> String {
    swemill_mutation::patch::reverse(row["patch"].as_str().unwrap()).unwrap()
}

#[test]
fn mini_swe_agent_runs_on_exported_instances_with_a_served_model_and_its_predictions_are_graded() {
    let Some(python) = python() else { return };
    let Some(server) = ModelServer::start() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (home, rows) = exported(folder.path());
    let (dataset, out) = (folder.path().join("dataset"), folder.path().join("out"));
    let mut command = server.client(&python, "clients/mini_swe_agent.py");
    satisfied(at_home(&home, command.arg(&dataset).arg(&out)));

    let file = out.join("preds.json");
    let graded = home
        .succeed(&["grade", file.to_str().unwrap(), "--json"])
        .json();
    let report = &graded["reports"][format!("openai/{MODEL}")];
    assert_eq!(report["submitted_instances"], 2, "{graded}");
    assert_eq!(report["resolved_instances"], 0, "{graded}");
    assert_eq!(graded["failures"], json!({}), "{graded}");

    // With the repairs in the same file all are resolved.
    let mut predictions: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    for row in &rows[..2] {
        predictions[row["instance_id"].as_str().unwrap()]["model_patch"] = repair(row).into();
    }
    std::fs::write(&file, predictions.to_string()).unwrap();
    let graded = home
        .succeed(&["grade", file.to_str().unwrap(), "--json"])
        .json();
    let report = &graded["reports"][format!("openai/{MODEL}")];
    assert_eq!(report["resolved_instances"], 2, "{graded}");
}

#[test]
fn the_environment_for_mini_swe_agent_keeps_one_sealed_sandbox_and_submits_what_was_changed() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (home, rows) = exported(folder.path());
    let instance = rows[0]["instance_id"].as_str().unwrap();
    let script = "../tests/system/clients/environment.py";
    let mut command = Command::new(python);
    command.arg(script).arg(instance).arg(repair(&rows[0]));
    let submission = satisfied(at_home(&home, &mut command));
    let predictions = json!([{
        "instance_id": instance, "model_name_or_path": "by-hand", "model_patch": submission,
    }]);
    let file = folder.path().join("predictions.json");
    std::fs::write(&file, predictions.to_string()).unwrap();
    let graded = home
        .succeed(&["grade", file.to_str().unwrap(), "--json"])
        .json();
    assert_eq!(graded["grades"][0]["outcome"], "resolved", "{graded}");
    home.leaves_no_process();
}

#[test]
fn swebench_reads_our_data_set_and_predictions_and_makes_our_report_of_our_logs() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (home, rows) = exported(folder.path());
    // One is repaired, one is not, and of the others nothing is submitted.
    let patches = [
        repair(&rows[0]),
        "diff --git a/new.py b/new.py\nnew file mode 100644\n--- /dev/null\n+++ b/new.py\n@@ -0,0 +1 @@\n+x = 1\n"
            .to_owned(),
    ];
    let lines = rows.iter().zip(patches).map(|(row, patch)| {
        let id = &row["instance_id"];
        let line =
            json!({"instance_id": id, "model_name_or_path": "a/model", "model_patch": patch});
        line.to_string() + "\n"
    });
    let predictions = folder.path().join("predictions.jsonl");
    std::fs::write(&predictions, lines.collect::<String>()).unwrap();
    let out = folder.path().join("graded");
    let file = predictions.to_str().unwrap();
    let words = ["--run-id", "ours", "--out", out.to_str().unwrap()];
    home.succeed(&[&["grade", file][..], &words].concat());
    let mut command = Command::new(python);
    command.arg("../tests/system/clients/reports.py");
    command.arg(folder.path().join("dataset/swesmith.jsonl"));
    command.arg(&predictions).arg(&out);
    let said = satisfied(at_home(&home, &mut command));
    assert!(said.contains(&format!("read {} 2 1", rows.len())), "{said}");
}
