//! Blocks of positions that sequences share until one of them writes (Kwon et al., `PagedAttention`, arXiv 2309.06180).

mod placed;
mod room;
mod tensors;

use std::collections::HashMap;

use candle_core::{DType, Device, Tensor};

use super::{
    Attend, BlockId, Cache, Footprint,
    attention::{Stretch, attend_span, for_every_span},
    batched::Plan,
    contiguous::check_starts,
    fast::{self, Memory},
    pool::BlockPool,
};
use crate::{Batch, DecoderConfig, Error, Result, Taps};

/// Keeps every key and value in blocks of equal length, taken from a stock whose size is fixed when the cache is made.
#[derive(Debug)]
pub struct Paged {
    block_length: usize,
    key_value_heads: usize,
    /// One entry a layer: keys and values, each `[key_value_heads, blocks * block_length, head_dim]`.
    layers: Vec<(Tensor, Tensor)>,
    pool: BlockPool,
    /// How many positions of each block are in use.
    filled: Vec<usize>,
    sequences: HashMap<usize, Table>,
    /// Whether the kernels of the CPU are left alone.
    only_tensors: bool,
    /// The plan of the pass at hand, once a layer has asked for it.
    plan: Option<Plan>,
}

/// The blocks of a sequence, in the order of its positions.
#[derive(Debug, Default, Clone)]
struct Table {
    blocks: Vec<BlockId>,
    length: usize,
    /// Whether the caller chose the blocks and keeps account of them.
    placed: bool,
}

impl Paged {
    /// A cache of `blocks` blocks of `block_length` positions for a model of this shape.
    pub fn new(
        config: &DecoderConfig,
        blocks: u32,
        block_length: usize,
        dtype: DType,
        device: &Device,
    ) -> Result<Self> {
        if blocks == 0 || block_length == 0 {
            return Err(Error::Batch(
                "a cache needs at least one block of one position".into(),
            ));
        }
        let shape = (
            config.key_value_heads,
            blocks as usize * block_length,
            config.head_dim,
        );
        let room = || Tensor::zeros(shape, dtype, device);
        let layers = (0..config.layers.len())
            .map(|_| Ok((room()?, room()?)))
            .collect::<Result<_>>()?;
        Ok(Self {
            block_length,
            key_value_heads: config.key_value_heads,
            layers,
            pool: BlockPool::new(blocks),
            filled: vec![0; blocks as usize],
            sequences: HashMap::new(),
            only_tensors: false,
            plan: None,
        })
    }

    /// Attends as on devices other than the CPU, in tensor operations for all sequences at once, even where the kernels of the CPU
    /// would do: for checking the one against the other.
    pub fn with_tensors_only(mut self) -> Self {
        self.only_tensors = true;
        self
    }

    /// Positions in a block.
    pub fn block_length(&self) -> usize {
        self.block_length
    }

    /// How many blocks nobody holds.
    pub fn free_blocks(&self) -> usize {
        self.pool.free()
    }

    /// How many blocks there are.
    pub fn total_blocks(&self) -> usize {
        self.pool.total()
    }

    /// The blocks of a sequence in the order of its positions; the last may be partly filled.
    pub fn blocks(&self, sequence: usize) -> &[BlockId] {
        self.sequences
            .get(&sequence)
            .map_or(&[], |table| &table.blocks)
    }

    /// Holds on to a block, so that its contents stay when its sequences end (what a prefix cache does).
    pub fn retain(&mut self, block: BlockId) {
        self.pool.retain(block);
    }

    /// Gives up what [`Paged::retain`] holds.
    pub fn release_block(&mut self, block: BlockId) {
        self.pool.release(block);
    }

    /// How many sequences and holders share a block.
    pub fn references(&self, block: BlockId) -> u32 {
        self.pool.references(block)
    }

    /// Begins a sequence with blocks that hold the keys and values of its first `length` positions already.
    pub fn adopt(&mut self, sequence: usize, blocks: &[BlockId], length: usize) -> Result<()> {
        if blocks.len() != length.div_ceil(self.block_length) {
            let reason = format!(
                "{} blocks cannot hold exactly {length} positions",
                blocks.len()
            );
            return Err(Error::Batch(reason));
        }
        for &block in blocks {
            self.pool.retain(block);
        }
        self.release(sequence);
        self.sequences.insert(
            sequence,
            Table {
                blocks: blocks.to_vec(),
                length,
                placed: false,
            },
        );
        Ok(())
    }

    /// Begins the sequence `to` with the first `length` positions of `from`. Nothing is copied until one of them writes.
    pub fn fork(&mut self, from: usize, to: usize, length: usize) -> Result<()> {
        let held = self.length(from);
        if length > held || from == to {
            let reason =
                format!("{length} positions of sequence {from} were asked for, which has {held}");
            return Err(Error::Batch(reason));
        }
        let blocks = self.blocks(from)[..length.div_ceil(self.block_length)].to_vec();
        self.adopt(to, &blocks, length)
    }
}

impl Cache for Paged {
    fn prepare(&mut self, batch: &Batch) -> Result<()> {
        self.plan = None;
        check_starts(batch, |sequence| self.length(sequence))?;
        let mut own = Vec::new();
        for span in &batch.spans {
            if !self.check_placed(span)? {
                own.push(span);
            }
        }
        let needed = own.iter().map(|span| self.needed(span)).sum();
        let (free, total) = (self.pool.free(), self.pool.total());
        if needed > free {
            return Err(Error::CacheFull {
                needed,
                free,
                total,
            });
        }
        own.into_iter().try_for_each(|span| self.make_room(span))
    }

    fn attend(&mut self, call: &Attend<'_>, taps: &mut dyn Taps) -> Result<Tensor> {
        if self.batches(call, taps) {
            return self.attend_batched(call);
        }
        let (key, value) = self.layers[call.layer].clone();
        for span in &call.batch.spans {
            self.write(&key, call.key, span)?;
            self.write(&value, call.value, span)?;
        }
        if fast::applies(call, taps) {
            let memories = call.batch.spans.iter().map(|span| {
                let blocks = self.blocks(span.sequence).iter();
                let starts = blocks
                    .map(|block| block.index() * self.block_length)
                    .collect();
                Memory {
                    key: key.clone(),
                    value: value.clone(),
                    starts,
                    block_length: self.block_length,
                }
            });
            return fast::attend(call, &memories.collect::<Vec<_>>());
        }
        for_every_span(call, |span| {
            let first = call
                .window
                .map_or(0, |window| (span.start + 1).saturating_sub(window));
            let first_block = first / self.block_length;
            let stretch = Stretch {
                key: self.read(&key, span, first_block)?,
                value: self.read(&value, span, first_block)?,
                first: first_block * self.block_length,
            };
            attend_span(call, span, &stretch, taps)
        })
    }

    fn advance(&mut self, batch: &Batch) -> Result<()> {
        for span in &batch.spans {
            let Some(table) = self.sequences.get_mut(&span.sequence) else {
                continue;
            };
            table.length = span.end();
            for (index, block) in table
                .blocks
                .iter()
                .enumerate()
                .skip(span.start / self.block_length)
            {
                // A placed sequence may have blocks to spare: those of guesses that were wrong.
                let rest = span.end().saturating_sub(index * self.block_length);
                self.filled[block.index()] = rest.min(self.block_length);
            }
        }
        Ok(())
    }

    fn length(&self, sequence: usize) -> usize {
        self.sequences
            .get(&sequence)
            .map_or(0, |table| table.length)
    }

    fn release(&mut self, sequence: usize) {
        for block in self.sequences.remove(&sequence).unwrap_or_default().blocks {
            self.pool.release(block);
        }
    }

    fn footprint(&self) -> Footprint {
        let in_use = (0u32..)
            .map(BlockId)
            .zip(&self.filled)
            .filter(|&(block, _)| self.pool.references(block) > 0);
        let positions: u64 = in_use.map(|(_, &filled)| filled as u64).sum();
        let reserved = self.layers.iter().flat_map(|(key, value)| [key, value]);
        let reserved_bytes: u64 = reserved
            .map(|kept| (kept.elem_count() * kept.dtype().size_in_bytes()) as u64)
            .sum();
        let all_positions = (self.pool.total() * self.block_length) as u64;
        Footprint {
            entries: positions * (self.layers.len() * self.key_value_heads) as u64,
            bytes: reserved_bytes / all_positions * positions,
            reserved_bytes,
        }
    }
}
