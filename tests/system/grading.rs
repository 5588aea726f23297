//! What agents are given and how what they submit is judged: the real program on small projects.

mod attacks;
mod hiding;
mod judging;
mod package;
mod sealing;

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Home, Said, project};

/// A text that only the original has.
const CANARY: &str = "zq-canary-7f3a91c4";

/// A project whose only candidates take the canary out.
const PROJECT: &[(&str, &str)] = &[
    (
        "pyproject.toml",
        "[build-system]\nrequires = [\"setuptools\"]\nbuild-backend = \"setuptools.build_meta\"\n\n\
         [project]\nname = \"labels\"\nversion = \"1.0\"\nlicense = {text = \"MIT\"}\n\n\
         [tool.setuptools]\npackages = [\"labels\"]\n",
    ),
    (
        "labels/__init__.py",
        "from labels.core import label, shout\n",
    ),
    (
        "labels/core.py",
        "def attach(value, ending=\"\"):\n    return str(value) + ending\n\n\n\
         def label(value):\n    \"\"\"Labels a value.\"\"\"\n    return attach(value, \"zq-canary-7f3a91c4\")\n\n\n\
         def shout(value):\n    return str(value).upper()\n",
    ),
    (
        "labels/extra.py",
        "def twice(value):\n    return value + value\n",
    ),
    (
        "tests/test_label.py",
        "import pytest\n\nfrom labels import label, shout\nfrom labels.extra import twice\n\n\n\
         # Only numbers are labelled here.\n@pytest.mark.parametrize('value', [1, 2])\n\
         def test_label(value):\n    assert len(label(value)) == 19\n\n\n\
         def helper(value):\n    return shout(value)\n\n\n\
         def test_shout():\n    assert helper('a') == 'A'\n\n\n\
         def test_twice():\n    assert twice(2) == 4\n\n\n\
         class TestLabel:\n    def test_label_of_text(self):\n        assert label('a') != 'a'\n",
    ),
];

/// A data folder with instances of a project, the candidates being of one strategy.
fn instances(home: &Home, folder: &Path, files: &[(&str, &str)]) -> Vec<Value> {
    let source = project(&folder.join("labels"), files);
    home.succeed(&[
        "run",
        source.to_str().unwrap(),
        "--strategies",
        "func_pm_arg_drop",
        "--max-candidates",
        "20",
        "--set",
        "max_broken_share=0.95",
    ]);
    let listed = home.succeed(&["instances", "--json"]).json();
    let ids = listed.as_array().unwrap().iter();
    ids.map(|row| {
        let id = row["instance_id"].as_str().unwrap();
        home.succeed(&["instances", id, "--json"]).json()
    })
    .collect()
}

/// The only instance whose break takes the canary out.
fn canary_instance(home: &Home, folder: &Path) -> Value {
    let all = instances(home, folder, PROJECT);
    let removes = |instance: &&Value| {
        let patch = instance["patch"].as_str().unwrap();
        patch
            .lines()
            .any(|line| line.starts_with('-') && line.contains(CANARY))
    };
    let mut found = all.iter().filter(removes);
    found
        .next()
        .expect("dropping the argument breaks tests")
        .clone()
}

/// The reverse of an instance's break.
fn gold(instance: &Value) -> String {
    swemill_mutation::patch::reverse(instance["patch"].as_str().unwrap()).unwrap()
}

/// Values as JSON lines.
fn as_lines(rows: impl Iterator<Item = Value>) -> String {
    rows.map(|row| row.to_string())
        .collect::<Vec<_>>()
        .join("\n")
}

/// The lines of a text as a diff adds them.
fn added(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| format!("+{line}")).collect();
    lines.join("\n") + "\n"
}

/// A diff that makes a new file of the text.
fn new_file(path: &str, text: &str) -> String {
    let lines = text.lines().count();
    let added = added(text);
    format!(
        "diff --git a/{path} b/{path}\nnew file mode 100644\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1,{lines} @@\n{added}"
    )
}

/// Grades one submission and returns what the program says of it.
fn grade(home: &Home, instance: &Value, patch: &Value, flags: &[&str]) -> Value {
    let said = grade_said(home, &[(instance, patch)], flags);
    said.json()["grades"][0].clone()
}

fn grade_said(home: &Home, predictions: &[(&Value, &Value)], flags: &[&str]) -> Said {
    let rows = predictions.iter().map(|(instance, patch)| {
        json!({"instance_id": instance["id"], "model_name_or_path": "test/model", "model_patch": patch})
    });
    let file = home.path().join("predictions.jsonl");
    std::fs::write(&file, as_lines(rows)).unwrap();
    let mut arguments = vec!["grade", file.to_str().unwrap(), "--json"];
    arguments.extend(flags);
    home.run(&arguments)
}
