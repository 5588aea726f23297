//! `swemill model train`: a tiny model learns, goes on after a machine was lost, and is a model like any other afterwards.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::{Home, Said};

const WORDS: [&str; 12] = [
    "def", "add", "one", "two", "three", "return", "if", "else", "for", "in", "while", "the",
];

/// A folder with a Llama of 19,424 parameters, whose tokens are words.
fn model(folder: &Path) -> PathBuf {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/tests/golden/decoders/llama");
    let model = folder.join("tiny");
    std::fs::create_dir(&model).unwrap();
    for file in ["config.json", "model.safetensors"] {
        std::fs::copy(golden.join(file), model.join(file)).unwrap();
    }
    let numbered = WORDS
        .iter()
        .zip(0..)
        .map(|(word, id)| ((*word).to_owned(), json!(id)));
    let mut vocabulary: serde_json::Map<String, Value> = numbered.collect();
    vocabulary.insert("<unk>".to_owned(), json!(WORDS.len()));
    let tokenizer = json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
        "pre_tokenizer": {"type": "WhitespaceSplit"}, "post_processor": null, "decoder": null,
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "<unk>"},
    });
    std::fs::write(model.join("tokenizer.json"), tokenizer.to_string()).unwrap();
    model
}

/// Documents of which no two are alike.
fn corpus(folder: &Path) -> PathBuf {
    let mut lines = String::new();
    for step in 1..=12 {
        let words = (0..19).map(|index| WORDS[index * step % WORDS.len()]);
        let text = words.collect::<Vec<_>>().join(" ");
        writeln!(lines, "{}", json!({ "text": text })).unwrap();
    }
    let path = folder.join("corpus.jsonl");
    std::fs::write(&path, lines).unwrap();
    path
}

fn train(home: &Home, model: &Path, data: &Path, out: &Path) -> Said {
    let [model, data, out] = [model, data, out].map(|path| path.to_str().unwrap());
    home.succeed(&[
        "model",
        "train",
        data,
        "--from",
        model,
        "--out",
        out,
        "--steps",
        "6",
        "--step-tokens",
        "40",
        "--checkpoint-every",
        "3",
        "--learning-rate",
        "0.01",
        "--evaluate",
        data,
        "--dtype",
        "f32",
        "--json",
    ])
}

/// Step and loss of every line of the metrics.
fn losses(out: &Path) -> Vec<(u64, f64)> {
    let text = std::fs::read_to_string(out.join("metrics.jsonl")).unwrap();
    let rows = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.map(|row| (row["step"].as_u64().unwrap(), row["loss"].as_f64().unwrap()))
        .collect()
}

#[test]
fn a_run_that_lost_its_last_steps_comes_to_the_same_losses_and_the_same_model() {
    let home = Home::new();
    let (model, data) = (model(home.temporary()), corpus(home.temporary()));
    let out = home.temporary().join("run");
    let whole = train(&home, &model, &data, &out).json();
    assert_eq!(
        (&whole["steps"], &whole["interrupted"]),
        (&json!(6), &json!(false))
    );
    assert_eq!(whole["trained_parameters"], 19_424);
    let expected = losses(&out);
    assert_eq!(
        expected.iter().map(|row| row.0).collect::<Vec<_>>(),
        [1, 2, 3, 4, 5, 6]
    );
    // Each step sees other documents: one loss says little.
    let [first, last] =
        [&expected[..2], &expected[4..]].map(|rows| f64::midpoint(rows[0].1, rows[1].1));
    assert!(last < first - 0.3, "it learnt nothing: {expected:?}");
    let weights = std::fs::read(out.join("model/model.safetensors")).unwrap();

    // As if the machine had been lost after step 6 was told of and before it was written.
    std::fs::remove_dir_all(out.join("checkpoints/step-00000006")).unwrap();
    std::fs::remove_dir_all(out.join("model")).unwrap();
    let resumed = train(&home, &model, &data, &out).json();
    assert_eq!(losses(&out), expected);
    assert_eq!(resumed["evaluation"], whole["evaluation"]);
    assert!(
        std::fs::read(out.join("model/model.safetensors")).unwrap() == weights,
        "other weights"
    );
}

#[test]
fn what_was_trained_writes() {
    let home = Home::new();
    let (model, data) = (model(home.temporary()), corpus(home.temporary()));
    let out = home.temporary().join("run");
    train(&home, &model, &data, &out);
    let trained = out.join("model");
    let said = home.succeed(&[
        "model",
        "generate",
        trained.to_str().unwrap(),
        "--prompt",
        "def add one",
        "--max-tokens",
        "4",
        "--cache",
        "8",
        "--json",
    ]);
    let answer = said.json();
    assert_eq!(answer["prompt_tokens"], 3);
    assert_eq!(answer["completion_tokens"], 4);
    // The tokenizer puts nothing between its words.
    let mut rest = answer["text"].as_str().unwrap();
    while !rest.is_empty() {
        let word = WORDS.iter().find_map(|word| rest.strip_prefix(word));
        rest = word.or(rest.strip_prefix("<unk>")).expect("a word");
    }
}

#[test]
fn data_without_a_document_is_refused_before_anything_is_written() {
    let home = Home::new();
    let (model, data) = (
        model(home.temporary()),
        home.temporary().join("empty.jsonl"),
    );
    std::fs::write(&data, "").unwrap();
    let out = home.temporary().join("run");
    let [from, data, folder] = [&model, &data, &out].map(|path| path.to_str().unwrap());
    let said = home.run(&["model", "train", data, "--from", from, "--out", folder]);
    assert_ne!(said.code, Some(0), "{}", said.text());
    assert!(said.stderr.contains("no document"), "{}", said.text());
    assert!(!out.exists(), "{}", said.text());
}
