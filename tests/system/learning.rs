//! From attempts in the store to the files that trainers read.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use swemill_store::rollouts::{RolloutOutcome, RolloutPolicy};

use crate::support::attempts::Recording;
use crate::support::python::{python, satisfied};
use crate::support::{Home, Said};

/// Attempts of which three are worth learning from: one of each repository, and an expert's of its own kind.
fn recordings() -> Vec<Recording> {
    let shop = Recording::resolved("shop");
    let of = |attempt, added| Recording {
        attempt,
        added,
        ..shop.clone()
    };
    vec![
        Recording {
            policy: RolloutPolicy::Expert,
            ..of(1, "return count * price")
        },
        of(1, "return price * count"),
        of(2, "return price * count"),
        Recording {
            outcome: Some(RolloutOutcome::Unresolved),
            ..of(3, "return 12")
        },
        Recording {
            outcome: None,
            ..of(4, "return price*count")
        },
        Recording::resolved("ledger"),
        Recording::resolved("django"),
        Recording {
            output: "é\u{1F980} <|im_end|> \u{0}\n".to_owned(),
            ..Recording::resolved("sums")
        },
    ]
}

fn export(home: &Home, folder: &Path, flags: &[&str]) -> Said {
    let out = folder.to_str().unwrap();
    let mut arguments = vec!["export", "sft", "--json", "--out", out];
    arguments.extend(flags);
    home.succeed(&arguments)
}

fn tokenizer(folder: &Path) -> PathBuf {
    let path = folder.join("tokenizer.json");
    let document = json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": [],
        "normalizer": null,
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": null,
        "decoder": null,
        "model": {"type": "WordLevel", "vocab": {"[UNK]": 0}, "unk_token": "[UNK]"},
    });
    std::fs::write(&path, document.to_string()).unwrap();
    path
}

fn rows(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn attempts_become_rows_by_split_and_each_that_does_not_is_counted_with_its_reason() {
    let home = Home::new();
    home.record(&recordings());
    let folder = tempfile::tempdir().unwrap();
    let listed = folder.path().join("listed.txt");
    std::fs::write(&listed, "# SWE-bench\ndjango/django\n").unwrap();
    let benchmark = folder.path().join("benchmark.jsonl");
    let text = json!({"problem_statement": "One says that `total` of LEDGER is wrong, now."});
    std::fs::write(&benchmark, text.to_string()).unwrap();
    let tokenizer = tokenizer(folder.path());
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    let out = folder.path().join("out");
    let flags = [
        "--exclude-repositories",
        &path(&listed),
        "--benchmark",
        &path(&benchmark),
        "--ngram",
        "5",
        "--tokenizer",
        &path(&tokenizer),
        "--max-tokens",
        "100000",
        "--validation",
        "0.5",
        "--seed",
        "3",
    ];
    let written = export(&home, &out, &flags).json();
    assert_eq!(written["considered"], 8);
    let dropped = json!({
        "benchmark_overlap": 1, "equal_patch": 1, "listed_repository": 1, "ungraded": 1, "unresolved": 1,
    });
    assert_eq!(written["dropped"], dropped, "{written}");
    let (train, validation) = (
        rows(&out.join("train.jsonl")),
        rows(&out.join("validation.jsonl")),
    );
    let all: Vec<&Value> = train.iter().chain(&validation).collect();
    let mut kept: Vec<String> = all
        .iter()
        .map(|row| {
            format!(
                "{} {}",
                row["repo"].as_str().unwrap(),
                row["model"].as_str().unwrap()
            )
        })
        .collect();
    kept.sort();
    assert_eq!(
        kept,
        [
            "pypi/shop model",
            "pypi/shop policy=expert",
            "pypi/sums model"
        ]
    );
    for row in &train {
        assert!(validation.iter().all(|held| held["repo"] != row["repo"]));
    }
    assert!(all.iter().all(|row| row["tokens"].as_i64().unwrap() > 100));
    let summary: Value =
        serde_json::from_slice(&std::fs::read(out.join("summary.json")).unwrap()).unwrap();
    assert_eq!(summary, written);
    let card = std::fs::read_to_string(out.join("README.md")).unwrap();
    assert!(
        card.contains("| equal_patch | 1 |") && !card.contains(out.to_str().unwrap()),
        "{card}"
    );

    // The same again is the same bytes; another format leaves nothing of this one behind.
    let again = folder.path().join("again");
    export(&home, &again, &flags);
    for name in ["train.jsonl", "validation.jsonl", "README.md"] {
        assert_eq!(
            std::fs::read(out.join(name)).ok(),
            std::fs::read(again.join(name)).ok(),
            "{name}"
        );
    }
    export(
        &home,
        &out,
        &[
            "--file-format",
            "parquet",
            "--validation",
            "0",
            "--policy",
            "model",
        ],
    );
    let names = std::fs::read_dir(&out)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.collect();
    names.sort();
    assert_eq!(names, ["README.md", "summary.json", "train.parquet"]);
}

#[test]
fn an_export_that_cannot_do_what_was_asked_says_so_before_it_writes() {
    let home = Home::new();
    let folder = tempfile::tempdir().unwrap();
    let short = folder.path().join("short.txt");
    std::fs::write(&short, "# nobody\n").unwrap();
    let short = short.to_str().unwrap();
    for (flags, code, expected) in [
        (&["--max-tokens", "10"][..], 2, "--tokenizer"),
        (&["--validation", "2"], 2, "a share is a number from 0 to 1"),
        (&["--tokenizer", "no-such-model"], 3, "no-such-model"),
        (
            &["--tokenizer", "/nonexistent/tokenizer.json"],
            3,
            "/nonexistent",
        ),
        (&["--tokenizer", short], 3, "short.txt"),
        (&["--exclude-repositories", short], 3, "lists no repository"),
        (&["--benchmark", short], 3, "nothing could be compared"),
        (
            &["--benchmark", "/nonexistent.jsonl"],
            3,
            "/nonexistent.jsonl",
        ),
    ] {
        let out = folder.path().join("out");
        let mut arguments = vec!["export", "sft", "--out", out.to_str().unwrap()];
        arguments.extend(flags);
        let said = home.run(&arguments);
        assert_eq!(said.code, Some(code), "{flags:?}: {}", said.text());
        assert!(said.stderr.contains(expected), "{flags:?}: {}", said.text());
        assert!(!out.exists());
    }
}

#[test]
fn datasets_loads_the_export_and_a_chat_template_renders_what_is_learned() {
    let Some(python) = python() else { return };
    let home = Home::new();
    home.record(&recordings());
    let folder = tempfile::tempdir().unwrap();
    for format in ["jsonl", "parquet"] {
        for style in ["tool", "xml", "ticks"] {
            let out = folder.path().join(format!("{style}-{format}"));
            let flags = [
                "--file-format",
                format,
                "--style",
                style,
                "--validation",
                "0.5",
                "--seed",
                "3",
            ];
            export(&home, &out, &flags);
        }
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/system/readers/sft.py");
    let mut command = Command::new(python);
    command
        .arg(script)
        .arg(folder.path())
        .env("HF_DATASETS_CACHE", folder.path().join("cache"));
    let said = satisfied(&mut command);
    assert_eq!(
        said.lines()
            .filter(|line| line.starts_with("read "))
            .count(),
        6,
        "{said}"
    );
}
