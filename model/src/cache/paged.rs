//! Blocks of positions that sequences share until one of them writes (Kwon et al., `PagedAttention`, arXiv 2309.06180).

use std::collections::HashMap;

use candle_core::{DType, Device, Tensor};

use super::{
    Attend, BlockId, Cache, Footprint,
    attention::{Stretch, attend_span, for_every_span, heads_first},
    batched::{Plan, Pool},
    contiguous::check_starts,
    fast::{self, Memory},
    pool::BlockPool,
};
use crate::{
    Batch, DecoderConfig, Error, Result, Span, Taps,
    taps::{Place, Point},
};

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

    /// How many new blocks a span takes: those beyond its table, and copies of shared ones that it writes into.
    fn needed(&self, span: &Span) -> usize {
        let blocks = self.blocks(span.sequence);
        let wanted = span.end().div_ceil(self.block_length);
        let first = span.start / self.block_length;
        let shared = blocks.iter().take(wanted).skip(first);
        let copies = shared
            .filter(|&&block| self.pool.references(block) > 1)
            .count();
        copies + wanted.saturating_sub(blocks.len())
    }

    /// Gives the span blocks of its own for all that it writes.
    fn make_room(&mut self, span: &Span) -> Result<()> {
        let mut table = self.sequences.remove(&span.sequence).unwrap_or_default();
        let wanted = span.end().div_ceil(self.block_length);
        for surplus in table.blocks.drain(wanted.min(table.blocks.len())..) {
            self.pool.release(surplus);
        }
        for index in span.start / self.block_length..wanted {
            match table.blocks.get(index).copied() {
                None => {
                    let own = self.pool.take()?;
                    self.filled[own.index()] = 0;
                    table.blocks.push(own);
                }
                Some(shared) if self.pool.references(shared) > 1 => {
                    let own = self.pool.take()?;
                    let kept = span.start.saturating_sub(index * self.block_length);
                    self.copy(shared, own, kept)?;
                    self.filled[own.index()] = kept;
                    self.pool.release(shared);
                    table.blocks[index] = own;
                }
                Some(_) => {}
            }
        }
        table.length = table.length.min(span.start);
        self.sequences.insert(span.sequence, table);
        Ok(())
    }

    /// Copies the first positions of a block in every layer.
    fn copy(&mut self, from: BlockId, to: BlockId, positions: usize) -> Result<()> {
        if positions > 0 {
            let (source, target) = (
                from.index() * self.block_length,
                to.index() * self.block_length,
            );
            for (key, value) in &self.layers {
                for kept in [key, value] {
                    kept.slice_set(
                        &kept.narrow(1, source, positions)?.force_contiguous()?,
                        1,
                        target,
                    )?;
                }
            }
        }
        Ok(())
    }

    /// Writes a span's rows of `[rows, key_value_heads, head_dim]`, block by block.
    fn write(&self, kept: &Tensor, added: &Tensor, span: &Span) -> Result<()> {
        let added = heads_first(added, span)?.detach();
        let blocks = self.blocks(span.sequence);
        let mut position = span.start;
        while position < span.end() {
            let (index, within) = (position / self.block_length, position % self.block_length);
            let count = (self.block_length - within).min(span.end() - position);
            let part = added
                .narrow(1, position - span.start, count)?
                .contiguous()?;
            kept.slice_set(&part, 1, blocks[index].index() * self.block_length + within)?;
            position += count;
        }
        Ok(())
    }

    /// What the span's rows may see, without a copy where the blocks are neighbours.
    fn read(&self, kept: &Tensor, span: &Span, first_block: usize) -> Result<Tensor> {
        let last_block = span.end().div_ceil(self.block_length);
        let blocks = &self.blocks(span.sequence)[first_block..last_block];
        let positions = span.end() - first_block * self.block_length;
        if blocks.windows(2).all(|pair| pair[0].0 + 1 == pair[1].0) {
            return Ok(kept.narrow(1, blocks[0].index() * self.block_length, positions)?);
        }
        let slots = blocks.iter().flat_map(|block| {
            let start = block.index() * self.block_length;
            start..start + self.block_length
        });
        let slots = slots
            .take(positions)
            .map(|slot| i64::try_from(slot).expect("tensors have fewer than 2^63 rows"));
        Ok(kept.index_select(&Tensor::from_iter(slots, kept.device())?, 1)?)
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

/// Attention for all sequences at once.
impl Paged {
    /// Whether a call is for [`Plan`]: always away from the CPU, unless somebody looks at the attention weights.
    fn batches(&self, call: &Attend<'_>, taps: &dyn Taps) -> bool {
        let place = Place {
            layer: call.layer,
            point: Point::AttentionWeights,
        };
        (self.only_tensors || !call.query.device().is_cpu()) && !taps.wants(place)
    }

    fn attend_batched(&mut self, call: &Attend<'_>) -> Result<Tensor> {
        let (keys, values) = self.layers[call.layer].clone();
        let mut plan = match self.plan.take() {
            Some(plan) => plan,
            None => Plan::new(call.batch, &keys, |span| self.slots(span))?,
        };
        let pool = Pool {
            keys: &keys,
            values: &values,
        };
        let read = plan.attend(call, &pool)?;
        self.plan = Some(plan);
        Ok(read)
    }

    /// Where the positions of a span's sequence lie, up to the span's end.
    fn slots(&self, span: &Span) -> Result<Vec<u32>> {
        let slots = self.blocks(span.sequence).iter().flat_map(|block| {
            let start = block.index() * self.block_length;
            start..start + self.block_length
        });
        let slots: Vec<u32> = slots
            .take(span.end())
            .map(|slot| u32::try_from(slot).expect("pools have fewer than 2^32 positions"))
            .collect();
        if slots.len() < span.end() {
            let sequence = span.sequence;
            let reason = format!("sequence {sequence} was not prepared in the cache");
            return Err(Error::Batch(reason));
        }
        Ok(slots)
    }
}

/// For an engine that keeps account of the blocks itself.
impl Paged {
    /// Lets a sequence lie in these blocks, whose first `length` positions hold its keys and values already. The caller sees to it that
    /// blocks are shared only where nobody writes; this cache's own account of blocks is not used for sequences that are placed.
    pub fn place(&mut self, sequence: usize, blocks: &[u32], length: usize) -> Result<()> {
        let total = self.pool.total();
        if let Some(block) = blocks.iter().find(|&&block| block as usize >= total) {
            let reason = format!("block {block} was named, but there are {total}");
            return Err(Error::Batch(reason));
        }
        if length > blocks.len() * self.block_length {
            let reason = format!("{} blocks cannot hold {length} positions", blocks.len());
            return Err(Error::Batch(reason));
        }
        let blocks = blocks.iter().copied().map(BlockId).collect();
        self.sequences.insert(
            sequence,
            Table {
                blocks,
                length,
                placed: true,
            },
        );
        Ok(())
    }

    /// Forgets where a sequence was placed.
    pub fn lift(&mut self, sequence: usize) {
        self.sequences.remove(&sequence);
    }

    /// Copies a whole block in every layer.
    pub fn copy_block(&mut self, from: u32, to: u32) -> Result<()> {
        self.copy(BlockId(from), BlockId(to), self.block_length)
    }

    /// Whether a span writes into blocks that were placed; they must be enough.
    fn check_placed(&self, span: &Span) -> Result<bool> {
        let Some(table) = self
            .sequences
            .get(&span.sequence)
            .filter(|table| table.placed)
        else {
            return Ok(false);
        };
        if table.blocks.len() * self.block_length < span.end() {
            let reason = format!(
                "sequence {} was placed in {} blocks, which do not hold {} positions",
                span.sequence,
                table.blocks.len(),
                span.end()
            );
            return Err(Error::Batch(reason));
        }
        Ok(true)
    }
}
