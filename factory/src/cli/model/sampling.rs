//! Flags that say how tokens are chosen.

use clap::Args;
use swemill_model::engine::Sampling;

#[derive(Debug, Args)]
pub(super) struct Flags {
    /// 0 always takes the likeliest token; 1 draws as the model was trained
    #[arg(long, value_name = "T", default_value_t = 0.0)]
    temperature: f32,
    /// Draw from this many of the likeliest tokens; 0 for all
    #[arg(long, value_name = "K", default_value_t = 0)]
    top_k: usize,
    /// Draw from the likeliest tokens that together reach this probability
    #[arg(long, value_name = "P", default_value_t = 1.0)]
    top_p: f32,
    /// Draw from tokens at least this probable, relative to the likeliest
    #[arg(long, value_name = "P", default_value_t = 0.0)]
    min_p: f32,
    /// Make tokens that occurred less likely; 1 does not
    #[arg(long, value_name = "R", default_value_t = 1.0)]
    repetition_penalty: f32,
    /// What chance is drawn from: the same seed, the same text
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
}

impl Flags {
    /// What the engine is asked for.
    pub(super) fn sampling(&self) -> Sampling {
        Sampling {
            temperature: self.temperature,
            top_k: self.top_k,
            top_p: self.top_p,
            min_p: self.min_p,
            repetition_penalty: self.repetition_penalty,
            seed: self.seed,
            ..Sampling::default()
        }
    }
}
