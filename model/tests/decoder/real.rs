//! Real models of the catalogue against transformers and llama.cpp.

use std::path::PathBuf;

use candle_core::Tensor;
use serde_json::Value;
use swemill_model::{
    Batch, Cache, Model, Options, Tokenizer, Wanted,
    cache::Contiguous,
    weights::{Gguf, Keep},
};

use crate::models;

/// A model with what transformers and llama.cpp make of it.
struct Real {
    name: &'static str,
    logits: &'static str,
    tokens: &'static str,
    /// Whether texts are brought into Unicode's form C first, as the published tokenizer does and llama.cpp does not.
    composes: bool,
}

const SMOLLM2: Real = Real {
    name: "smollm2-135m-instruct",
    logits: include_str!("../golden/smollm2.json"),
    tokens: include_str!("../golden/tokens-smollm2.json"),
    composes: false,
};

const QWEN2: Real = Real {
    name: "qwen2.5-coder-0.5b-instruct",
    logits: include_str!("../golden/qwen2.json"),
    tokens: include_str!("../golden/tokens-qwen2.json"),
    composes: true,
};

impl Real {
    /// The GGUF; `None` where tests of real models are left out.
    fn path(&self) -> Option<PathBuf> {
        models::installed(self.name).map(|model| model.weights())
    }

    /// Compares with transformers' logits and greedy text, up to this share of the spread of the logits.
    fn compare(&self, keep: Keep, tolerance: f32, greedy_tokens: usize) {
        let Some(path) = self.path() else { return };
        let Model { decoder, .. } = Model::open(
            &path,
            &Options {
                keep,
                ..Options::default()
            },
        )
        .unwrap();
        let golden: Value = serde_json::from_str(self.logits).unwrap();
        let list = |key: &str| serde_json::from_value::<Vec<u32>>(golden[key].clone()).unwrap();
        let mut cache = Contiguous::new(&decoder.config);
        let mut feed = list("prompt");
        for (step, expected) in list("greedy").into_iter().take(greedy_tokens).enumerate() {
            let batch = Batch::of_one(0, cache.length(0), feed, Wanted::Last);
            let logits = decoder.forward(&batch, &mut cache, &mut ()).unwrap();
            if step == 0 {
                assert_sampled(&logits, &golden["prompt_logits"], tolerance);
            }
            let token = logits.argmax(1).unwrap().to_vec1::<u32>().unwrap()[0];
            assert_eq!(token, expected, "step {step}");
            feed = vec![token];
        }
        let long = (0..700).map(|i| 3 + (7 * i + i / 11) % 40000).collect();
        let batch = Batch::of_one(1, 0, long, Wanted::Last);
        let logits = decoder.forward(&batch, &mut cache, &mut ()).unwrap();
        assert_sampled(&logits, &golden["long_logits"], tolerance);
    }

    fn compare_tokens(&self) {
        let Some(path) = self.path() else { return };
        let tokenizer = Tokenizer::from_gguf(&Gguf::open(&path).unwrap()).unwrap();
        for case in serde_json::from_str::<Vec<Value>>(self.tokens).unwrap() {
            let text = case["text"].as_str().unwrap();
            if self.composes && text.contains(['\u{301}', '\u{212b}']) {
                continue;
            }
            let expected: Vec<u32> = serde_json::from_value(case["tokens"].clone()).unwrap();
            let tokens = tokenizer.encode(text).unwrap();
            assert_eq!(tokens, expected, "{text:?}");
            assert_eq!(tokenizer.decode(&tokens, false).unwrap(), text);
        }
    }
}

/// Asserts that every 512th logit differs by at most this share of the spread of all.
fn assert_sampled(logits: &Tensor, golden: &Value, tolerance: f32) {
    let logits: Vec<f32> = logits.flatten_all().unwrap().to_vec1().unwrap();
    let expected: Vec<f32> = serde_json::from_value(golden["every_512th"].clone()).unwrap();
    let spread: f32 = serde_json::from_value(golden["spread"].clone()).unwrap();
    assert_eq!(logits.len().div_ceil(512), expected.len());
    let differences = logits
        .iter()
        .step_by(512)
        .zip(&expected)
        .map(|(a, b)| (a - b).abs());
    let worst = differences.fold(0f32, f32::max) / spread;
    println!("largest difference / spread: {worst:.1e}");
    assert!(worst <= tolerance, "{worst}");
}

#[test]
fn smollm2_made_dense_gives_the_logits_and_the_greedy_text_of_transformers() {
    SMOLLM2.compare(Keep::Dense, 1e-4, 24);
}

#[test]
fn qwen2_made_dense_gives_the_logits_and_the_greedy_text_of_transformers() {
    QWEN2.compare(Keep::Dense, 1e-4, 4);
}

/// Activations are rounded to 8 bits for products with quantised matrices, by llama.cpp as well.
#[test]
fn smollm2_kept_quantised_stays_near_the_logits_of_transformers() {
    SMOLLM2.compare(Keep::Quantized, 0.03, 8);
}

#[test]
fn qwen2_kept_quantised_stays_near_the_logits_of_transformers() {
    QWEN2.compare(Keep::Quantized, 0.03, 8);
}

#[test]
fn the_tokenizer_of_smollm2_gives_the_tokens_of_llama_cpp() {
    SMOLLM2.compare_tokens();
}

#[test]
fn the_tokenizer_of_qwen2_gives_the_tokens_of_llama_cpp() {
    QWEN2.compare_tokens();
}
