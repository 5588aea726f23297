//! How large an engine is made for a model.

use crate::{Decoder, engine::PagedDecoder, engine::Settings};

/// Sizes of an engine in what an operator knows: bytes and requests.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Bytes for keys and values of all sequences and kept prefixes together.
    pub cache_bytes: u64,
    /// Sequences that are answered at the same time at most.
    pub sequences: usize,
    /// Requests that may wait.
    pub queue: usize,
    /// Rows of a step at most.
    pub step_tokens: usize,
    /// Tokens that are guessed ahead at most; 0 for none.
    pub guesses: usize,
    /// Whether prefixes are kept and found again.
    pub prefix_cache: bool,
}

impl Default for Setup {
    fn default() -> Self {
        let settings = Settings::default();
        Self {
            cache_bytes: 2 << 30,
            sequences: settings.sequences,
            queue: settings.queue,
            step_tokens: settings.step_tokens,
            guesses: settings.guesses,
            prefix_cache: settings.prefix_cache,
        }
    }
}

impl Setup {
    /// The engine's settings for this model. Less memory than one whole context takes makes the context shorter; more than
    /// all sequences could fill is not taken.
    pub fn settings(&self, decoder: &Decoder, ends: &[u32]) -> Settings {
        let defaults = Settings::default();
        let block_bytes = PagedDecoder::bytes_per_token(decoder) * defaults.block_tokens;
        let affordable = self.cache_bytes / block_bytes.max(1) as u64;
        let context_blocks = decoder.config.context.div_ceil(defaults.block_tokens) + 2;
        let fillable = context_blocks.saturating_mul(self.sequences.max(1));
        let blocks = usize::try_from(affordable).unwrap_or(usize::MAX);
        Settings {
            blocks: blocks.clamp(2, fillable.max(2)),
            step_tokens: self.step_tokens,
            sequences: self.sequences,
            queue: self.queue,
            guesses: self.guesses,
            prefix_cache: self.prefix_cache,
            ends: ends.to_vec(),
            ..defaults
        }
    }
}
