//! The decoder as the engine's model: keys and values lie in the blocks that the engine names.

use candle_core::DType;

use super::{Model, Settings, Step};
use crate::{Decoder, Result, cache::Paged};

/// A decoder with a paged cache.
#[derive(Debug)]
pub struct PagedDecoder {
    decoder: Decoder,
    cache: Paged,
}

impl PagedDecoder {
    /// Sets the memory for all blocks aside.
    pub fn new(decoder: Decoder, settings: &Settings) -> Result<Self> {
        let blocks = u32::try_from(settings.blocks).unwrap_or(u32::MAX);
        let (dtype, device) = (decoder.dtype(), decoder.device().clone());
        let cache = Paged::new(
            &decoder.config,
            blocks,
            settings.block_tokens,
            dtype,
            &device,
        )?;
        Ok(Self { decoder, cache })
    }

    /// Bytes that one position takes in all layers.
    pub fn bytes_per_token(decoder: &Decoder) -> usize {
        let config = &decoder.config;
        2 * config.layers.len()
            * config.key_value_heads
            * config.head_dim
            * decoder.dtype().size_in_bytes()
    }
}

impl Model for PagedDecoder {
    fn vocabulary(&self) -> usize {
        self.decoder.config.vocabulary
    }

    fn context(&self) -> usize {
        self.decoder.config.context
    }

    fn step(&mut self, step: &Step<'_>) -> Result<Vec<f32>> {
        for copy in step.copies {
            self.cache.copy_block(copy.from, copy.to)?;
        }
        for (span, table) in step.batch.spans.iter().zip(step.tables) {
            self.cache.place(span.sequence, table, span.start)?;
        }
        let logits = self.decoder.forward(step.batch, &mut self.cache, &mut ());
        for span in &step.batch.spans {
            self.cache.lift(span.sequence);
        }
        Ok(logits?.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?)
    }
}
