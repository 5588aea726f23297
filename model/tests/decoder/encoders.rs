//! Encoders give what transformers gives.

use std::path::PathBuf;

use candle_core::{DType, Device};
use serde_json::Value;
use swemill_model::{Batch, Encoder, Tokenizer, Wanted};

use crate::{
    common::{assert_close, rows},
    models,
};

fn golden_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/encoders")
}

#[test]
fn a_random_bert_gives_the_rows_and_the_classes_of_transformers_in_one_batch() {
    let folder = golden_folder().join("bert");
    let golden: Value =
        serde_json::from_slice(&std::fs::read(folder.join("golden.json")).unwrap()).unwrap();
    let texts: Vec<Vec<u32>> = serde_json::from_value(golden["texts"].clone()).unwrap();
    let batch = Batch::of_documents(&texts, Wanted::All);
    let encoder = Encoder::open(&folder, DType::F32, &Device::Cpu).unwrap();
    let hidden: Vec<_> = golden["hidden"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(rows)
        .collect();
    assert_close(&encoder.hidden(&batch).unwrap(), &hidden);
    assert_close(
        &encoder.classify(&batch).unwrap(),
        &rows(&golden["classes"]),
    );
}

#[test]
fn minilm_gives_the_vectors_of_sentences_that_transformers_gives() {
    let Some(folder) = models::installed("minilm").map(|model| model.folder) else {
        return;
    };
    let golden = std::fs::read(golden_folder().join("minilm.json")).unwrap();
    let golden: Vec<Value> = serde_json::from_slice(&golden).unwrap();
    let tokenizer = Tokenizer::from_file(&folder.join("tokenizer.json")).unwrap();
    let tokens = golden.iter().map(|case| {
        let tokens = tokenizer
            .encode_with_special(case["text"].as_str().unwrap())
            .unwrap();
        assert_eq!(
            Value::from(tokens.clone()),
            case["tokens"],
            "{}",
            case["text"]
        );
        tokens
    });
    let batch = Batch::of_documents(&tokens.collect::<Vec<_>>(), Wanted::All);
    let encoder = Encoder::open(&folder, DType::F32, &Device::Cpu).unwrap();
    let vectors = encoder.sentences(&batch).unwrap();
    let expected: Vec<Vec<f64>> = golden
        .iter()
        .map(|case| serde_json::from_value(case["vector"].clone()).unwrap())
        .collect();
    assert_close(&vectors, &expected);
    let alike = |a: usize, b: usize| {
        expected[a]
            .iter()
            .zip(&expected[b])
            .map(|(a, b)| a * b)
            .sum::<f64>()
    };
    assert!(
        alike(0, 1) > 0.5 && alike(0, 2) < 0.2,
        "the texts were chosen so"
    );
}
