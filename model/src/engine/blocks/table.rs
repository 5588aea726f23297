//! The blocks of one sequence.

use std::ops::Range;

use super::{BlockHash, BlockPool};
use crate::engine::{BlockCopy, BlockId};

/// The pool has too few blocks left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{needed} more blocks of keys and values are needed, {available} are available")]
pub struct Shortage {
    /// Blocks needed beyond those that the sequence has.
    pub needed: usize,
    /// Blocks that the pool could give.
    pub available: usize,
}

/// Which blocks hold a sequence's keys and values, in the order of positions.
///
/// A table holds one reference to each of its blocks and must be given back by [`BlockTable::release`].
#[derive(Debug)]
#[must_use = "blocks stay taken until the table is released"]
pub struct BlockTable {
    blocks: Vec<BlockId>,
    /// How many blocks were offered to the prefix cache.
    named: usize,
    /// The hash of the last of them.
    last: BlockHash,
}

impl BlockTable {
    /// A table without blocks.
    pub fn empty(salt: &str) -> Self {
        Self {
            blocks: Vec::new(),
            named: 0,
            last: BlockHash::root(salt),
        }
    }

    /// A table that begins with all kept blocks that match, given the hashes of the sequence's full blocks.
    pub fn from_prefix(pool: &mut BlockPool, salt: &str, chain: &[BlockHash]) -> Self {
        let mut table = Self::empty(salt);
        for hash in chain {
            let Some(block) = pool.find(hash) else { break };
            table.blocks.push(block);
            table.named += 1;
            table.last = *hash;
        }
        table
    }

    /// A second table over the same blocks.
    pub fn fork(&self, pool: &mut BlockPool) -> Self {
        for &block in &self.blocks {
            pool.retain(block);
        }
        Self {
            blocks: self.blocks.clone(),
            named: self.named,
            last: self.last,
        }
    }

    /// The blocks.
    pub fn blocks(&self) -> &[BlockId] {
        &self.blocks
    }

    /// Makes these positions writable: adds blocks to hold them, and replaces shared ones by copies, which are pushed to `copies`.
    /// The caller releases the block that a copy reads once the copy is made. Nothing is changed when the pool has too few blocks.
    pub fn reserve(
        &mut self,
        pool: &mut BlockPool,
        positions: Range<usize>,
        copies: &mut Vec<BlockCopy>,
    ) -> Result<(), Shortage> {
        let last = pool.blocks_for(positions.end);
        let first = positions.start / pool.block_tokens();
        let shared: Vec<usize> = (first..last.min(self.blocks.len()))
            .filter(|&index| !pool.is_private(self.blocks[index]))
            .collect();
        let needed = shared.len() + last.saturating_sub(self.blocks.len());
        let available = pool.available();
        if needed > available {
            return Err(Shortage { needed, available });
        }
        let mut allocate = || {
            pool.allocate()
                .expect("as many blocks are available as were counted above")
        };
        let fresh: Vec<BlockId> = (0..needed).map(|_| allocate()).collect();
        let mut fresh = fresh.into_iter();
        for index in shared {
            let from = self.blocks[index];
            let to = fresh.next().unwrap_or(from);
            copies.push(BlockCopy { from, to });
            self.blocks[index] = to;
        }
        self.blocks.extend(fresh);
        Ok(())
    }

    /// Offers full blocks to the prefix cache: all whose positions are computed. `tokens` are those of the whole sequence.
    pub fn publish(&mut self, pool: &mut BlockPool, tokens: &[u32], computed: usize) {
        let size = pool.block_tokens();
        while (self.named + 1) * size <= computed.min(tokens.len()) {
            self.last = self
                .last
                .then(&tokens[self.named * size..(self.named + 1) * size]);
            pool.name(self.blocks[self.named], self.last);
            self.named += 1;
        }
    }

    /// Gives the blocks back, the last first: what comes late in a sequence is of use to fewer others, so it is evicted earlier.
    pub fn release(self, pool: &mut BlockPool) {
        for &block in self.blocks.iter().rev() {
            pool.release(block);
        }
    }
}
