//! Which blocks are free, used, or kept for a request that may come back.

use std::collections::{BTreeMap, HashMap};

use super::BlockHash;
use crate::engine::BlockId;

/// A fixed number of blocks with reference counts. A block without references that has a hash stays findable until its room is needed;
/// the one that was unused for longest goes first.
#[derive(Debug)]
pub struct BlockPool {
    block_tokens: usize,
    blocks: Vec<Block>,
    /// Unreferenced blocks that hold nothing worth finding.
    free: Vec<BlockId>,
    /// Unreferenced blocks that can be found, by the moment at which they were released.
    idle: BTreeMap<u64, BlockId>,
    by_hash: HashMap<BlockHash, BlockId>,
    moment: u64,
    evictions: u64,
}

#[derive(Debug, Clone, Default)]
struct Block {
    references: u32,
    hash: Option<BlockHash>,
    /// When the last reference went, for blocks in `idle`.
    released: u64,
}

/// How the blocks of a pool are used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Occupancy {
    /// Blocks that there are.
    pub total: usize,
    /// Blocks that sequences refer to.
    pub used: usize,
    /// Blocks that nobody refers to, kept for their contents.
    pub idle: usize,
    /// Blocks that hold nothing.
    pub free: usize,
    /// Kept blocks whose room was taken, ever.
    pub evictions: u64,
}

impl BlockPool {
    /// A pool of `blocks` blocks of `block_tokens` positions each.
    pub fn new(blocks: usize, block_tokens: usize) -> Self {
        let count = BlockId::try_from(blocks).unwrap_or(BlockId::MAX);
        Self {
            block_tokens: block_tokens.max(1),
            blocks: vec![Block::default(); count as usize],
            free: (0..count).rev().collect(),
            idle: BTreeMap::new(),
            by_hash: HashMap::new(),
            moment: 0,
            evictions: 0,
        }
    }

    /// Positions in a block.
    pub fn block_tokens(&self) -> usize {
        self.block_tokens
    }

    /// Blocks needed for this many positions.
    pub fn blocks_for(&self, tokens: usize) -> usize {
        tokens.div_ceil(self.block_tokens)
    }

    /// Blocks that [`BlockPool::allocate`] could hand out.
    pub fn available(&self) -> usize {
        self.free.len() + self.idle.len()
    }

    /// How the blocks are used.
    pub fn occupancy(&self) -> Occupancy {
        Occupancy {
            total: self.blocks.len(),
            used: self.blocks.len() - self.available(),
            idle: self.idle.len(),
            free: self.free.len(),
            evictions: self.evictions,
        }
    }

    /// A block with one reference and undefined contents; `None` when every block is referred to.
    pub fn allocate(&mut self) -> Option<BlockId> {
        let block = match self.free.pop() {
            Some(block) => block,
            None => self.evict()?,
        };
        self.blocks[block as usize].references = 1;
        Some(block)
    }

    fn evict(&mut self) -> Option<BlockId> {
        let (_, block) = self.idle.pop_first()?;
        if let Some(hash) = self.blocks[block as usize].hash.take() {
            self.by_hash.remove(&hash);
        }
        self.evictions += 1;
        Some(block)
    }

    /// The block of this name, with one reference more.
    pub fn find(&mut self, hash: &BlockHash) -> Option<BlockId> {
        let block = *self.by_hash.get(hash)?;
        self.retain(block);
        Some(block)
    }

    /// Whether a block of this name is kept.
    pub fn holds(&self, hash: &BlockHash) -> bool {
        self.by_hash.contains_key(hash)
    }

    /// Whether a block of this name is kept and referred to.
    pub fn is_in_use(&self, hash: &BlockHash) -> bool {
        let block = self.by_hash.get(hash);
        block.is_some_and(|&block| self.blocks[block as usize].references > 0)
    }

    /// Adds a reference to a block.
    pub fn retain(&mut self, block: BlockId) {
        let entry = &mut self.blocks[block as usize];
        if entry.references == 0 {
            self.idle.remove(&entry.released);
        }
        entry.references += 1;
    }

    /// Takes a reference from a block; its contents are kept for as long as there is room if it has a name.
    pub fn release(&mut self, block: BlockId) {
        let entry = &mut self.blocks[block as usize];
        debug_assert!(entry.references > 0, "block {block} was released too often");
        entry.references = entry.references.saturating_sub(1);
        if entry.references > 0 {
            return;
        }
        if entry.hash.is_some() {
            self.moment += 1;
            entry.released = self.moment;
            self.idle.insert(self.moment, block);
        } else {
            self.free.push(block);
        }
    }

    /// Names a full block. When the name is taken, the other block keeps it.
    pub fn name(&mut self, block: BlockId, hash: BlockHash) {
        let entry = &mut self.blocks[block as usize];
        if entry.hash.is_none() && !self.by_hash.contains_key(&hash) {
            entry.hash = Some(hash);
            self.by_hash.insert(hash, block);
        }
    }

    /// Whether a holder of one reference may write to the block: nobody else reads it, now or through its name.
    pub fn is_private(&self, block: BlockId) -> bool {
        let entry = &self.blocks[block as usize];
        entry.references == 1 && entry.hash.is_none()
    }

    /// References to a block.
    pub fn references(&self, block: BlockId) -> u32 {
        self.blocks[block as usize].references
    }

    /// Forgets every kept block that nobody refers to.
    pub fn clear_idle(&mut self) {
        while let Some(block) = self.evict() {
            self.free.push(block);
        }
    }
}
