//! Blocks of its own for what a sequence writes, and reading and writing them.

use candle_core::Tensor;

use super::Paged;
use crate::cache::BlockId;
use crate::cache::attention::heads_first;
use crate::{Result, Span};

impl Paged {
    /// How many new blocks a span takes: those beyond its table, and copies of shared ones that it writes into.
    pub(super) fn needed(&self, span: &Span) -> usize {
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
    pub(super) fn make_room(&mut self, span: &Span) -> Result<()> {
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
    pub(super) fn copy(&mut self, from: BlockId, to: BlockId, positions: usize) -> Result<()> {
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
    pub(super) fn write(&self, kept: &Tensor, added: &Tensor, span: &Span) -> Result<()> {
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
    pub(super) fn read(&self, kept: &Tensor, span: &Span, first_block: usize) -> Result<Tensor> {
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
