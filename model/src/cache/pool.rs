//! Which blocks are free, and how many hold on to each of the others.

use crate::{Error, Result};

/// A block of positions in a [`super::Paged`] cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockId(pub(super) u32);

impl BlockId {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Counts the references to every block.
#[derive(Debug)]
pub(super) struct BlockPool {
    references: Vec<u32>,
    free: Vec<BlockId>,
}

impl BlockPool {
    pub(super) fn new(blocks: u32) -> Self {
        // Handed out from the lowest number on: neighbours make sequences that lie in one stretch.
        Self {
            references: vec![0; blocks as usize],
            free: (0..blocks).rev().map(BlockId).collect(),
        }
    }

    pub(super) fn free(&self) -> usize {
        self.free.len()
    }

    pub(super) fn total(&self) -> usize {
        self.references.len()
    }

    pub(super) fn references(&self, block: BlockId) -> u32 {
        self.references[block.index()]
    }

    /// Hands out a free block with one reference.
    pub(super) fn take(&mut self) -> Result<BlockId> {
        let none = Error::CacheFull {
            needed: 1,
            free: 0,
            total: self.total(),
        };
        let block = self.free.pop().ok_or(none)?;
        self.references[block.index()] = 1;
        Ok(block)
    }

    pub(super) fn retain(&mut self, block: BlockId) {
        debug_assert!(
            self.references(block) > 0,
            "only blocks in use can be shared"
        );
        self.references[block.index()] += 1;
    }

    /// Gives up a reference; the last one frees the block.
    pub(super) fn release(&mut self, block: BlockId) {
        let references = &mut self.references[block.index()];
        *references = references.saturating_sub(1);
        if *references == 0 {
            self.free.push(block);
        }
    }
}
