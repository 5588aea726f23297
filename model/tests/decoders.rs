//! Every family of decoders computes what transformers computes, on tiny random models.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests fail by panicking, and print what they measured"
)]

mod common;

use candle_core::{DType, Device};
use common::{assert_close, decoder, golden, rows};
use serde_json::Value;
use swemill_model::{
    Batch, Cache, Decoder, Wanted,
    cache::{Contiguous, NoCache},
};

const CASES: [&str; 10] = [
    "gpt2",
    "llama",
    "llama-tied-bias",
    "llama3-rope",
    "llama-linear-rope",
    "qwen2",
    "qwen2-yarn-window",
    "gemma3",
    "olmo2",
    "olmoe",
];

/// Runs a check for every case, naming the one that fails.
fn every_case(check: impl Fn(&Decoder, &Value)) {
    for case in CASES {
        let decoder = decoder(case, DType::F32);
        println!("{case}");
        check(&decoder, &golden(case));
    }
}

fn prompts(golden: &Value) -> Vec<Vec<u32>> {
    serde_json::from_value(golden["prompts"].clone()).unwrap()
}

#[test]
fn prompts_run_alone_give_the_logits_of_transformers() {
    every_case(|decoder, golden| {
        for (index, prompt) in prompts(golden).into_iter().enumerate() {
            let batch = Batch::of_one(0, 0, prompt, Wanted::All);
            let logits = decoder.forward(&batch, &mut NoCache, &mut ()).unwrap();
            assert_close(&logits, &rows(&golden["whole"][index]));
        }
    });
}

#[test]
fn prompts_run_in_one_batch_give_the_logits_that_they_give_alone() {
    every_case(|decoder, golden| {
        let batch = Batch::of_documents(&prompts(golden), Wanted::All);
        let whole: Vec<_> = golden["whole"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(rows)
            .collect();
        let logits = decoder.forward(&batch, &mut NoCache, &mut ()).unwrap();
        assert_close(&logits, &whole);
        let mut cache = Contiguous::new(&decoder.config);
        assert_close(
            &decoder.forward(&batch, &mut cache, &mut ()).unwrap(),
            &whole,
        );
    });
}

#[test]
fn decoding_with_a_cache_gives_the_logits_of_transformers_with_its_own() {
    every_case(|decoder, golden| {
        let mut cache = Contiguous::new(&decoder.config);
        let mut feed = prompts(golden).swap_remove(0);
        let tokens: Vec<u32> =
            serde_json::from_value(golden["continued"]["tokens"].clone()).unwrap();
        for (token, expected) in tokens.into_iter().zip(rows(&golden["continued"]["logits"])) {
            let start = cache.length(5);
            let batch = Batch::of_one(5, start, feed, Wanted::Last);
            let logits = decoder.forward(&batch, &mut cache, &mut ()).unwrap();
            assert_close(&logits, &[expected]);
            feed = vec![token];
        }
    });
}

#[test]
fn a_long_prompt_in_chunks_gives_the_logits_of_transformers() {
    every_case(|decoder, golden| {
        let length = u32::try_from(golden["long"]["length"].as_u64().unwrap()).unwrap();
        let tokens: Vec<u32> = (0..length).map(|i| 3 + (7 * i + i / 11) % 58).collect();
        let expected = rows(&Value::from(vec![golden["long"]["logits"].clone()]));
        let mut cache = Contiguous::new(&decoder.config);
        let mut logits = None;
        for chunk in tokens.chunks(190) {
            let batch = Batch::of_one(0, cache.length(0), chunk.to_vec(), Wanted::Last);
            logits = Some(decoder.forward(&batch, &mut cache, &mut ()).unwrap());
        }
        assert_close(&logits.unwrap(), &expected);
    });
}

#[test]
fn double_precision_agrees_with_single() {
    for case in CASES {
        let (single, double) = (decoder(case, DType::F32), decoder(case, DType::F64));
        let batch = Batch::of_one(0, 0, prompts(&golden(case)).swap_remove(0), Wanted::All);
        let [single, double] =
            [single, double].map(|decoder| decoder.forward(&batch, &mut NoCache, &mut ()).unwrap());
        assert_eq!(double.dtype(), DType::F64, "{case}");
        assert_close(
            &single,
            &double.to_device(&Device::Cpu).unwrap().to_vec2().unwrap(),
        );
    }
}
