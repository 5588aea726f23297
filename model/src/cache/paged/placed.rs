//! Sequences in blocks that an engine chose and keeps account of.

use super::{Paged, Table};
use crate::cache::BlockId;
use crate::{Error, Result, Span};

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
    pub(super) fn check_placed(&self, span: &Span) -> Result<bool> {
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
