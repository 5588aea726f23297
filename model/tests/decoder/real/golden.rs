//! What transformers made of a real model.

use std::collections::BTreeMap;

use candle_core::Tensor;
use serde::Deserialize;
use swemill_model::{Batch, Wanted};

/// What `golden/make_real.py` records.
#[derive(Deserialize)]
pub(super) struct Golden {
    pub(super) prompt: Vec<u32>,
    pub(super) prompt_logits: Sampled,
    pub(super) greedy: Vec<u32>,
    /// Those that chose the last token of `greedy`, with transformers' cache.
    pub(super) last_greedy_logits: Sampled,
    /// The length of a prompt whose last logits are `long_logits`.
    pub(super) long: u32,
    pub(super) long_logits: Sampled,
    /// Prompts that transformers ran in one batch, padded at the left.
    pub(super) batch: Vec<Padded>,
    /// sha256 of the matrices of each format but queries' and keys', turned into single precision.
    pub(super) dequantized: BTreeMap<String, String>,
}

#[derive(Deserialize)]
pub(super) struct Padded {
    pub(super) prompt: Vec<u32>,
    pub(super) logits: Sampled,
}

/// Every 512th logit, and the spread of all.
#[derive(Deserialize)]
pub(super) struct Sampled {
    every_512th: Vec<f32>,
    spread: f32,
}

impl Golden {
    pub(super) fn long_prompt(&self) -> Batch {
        let tokens = (0..self.long).map(|i| 3 + (7 * i + i / 11) % 40000);
        Batch::of_one(1, 0, tokens.collect(), Wanted::Last)
    }
}

impl Sampled {
    /// Asserts that every 512th logit differs by at most this share of the spread of all.
    pub(super) fn assert_close(&self, logits: &Tensor, tolerance: f32) {
        let logits: Vec<f32> = logits.flatten_all().unwrap().to_vec1().unwrap();
        assert_eq!(logits.len().div_ceil(512), self.every_512th.len());
        let worst = self.distance(&logits);
        println!("largest difference / spread: {worst:.1e}");
        assert!(worst <= tolerance, "{worst}");
    }

    /// The largest difference of every 512th logit, as a share of the spread.
    pub(super) fn distance(&self, logits: &[f32]) -> f32 {
        let pairs = logits.iter().step_by(512).zip(&self.every_512th);
        let differences = pairs.map(|(found, expected)| (found - expected).abs());
        differences.fold(0f32, f32::max) / self.spread
    }
}
