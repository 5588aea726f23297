//! What the engine asks of a model.

use crate::Batch;

/// The number of a block of keys and values.
pub type BlockId = u32;

/// The contents of the first block go into the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockCopy {
    /// The block to read.
    pub from: BlockId,
    /// The block to write.
    pub to: BlockId,
}

/// One forward pass over the sequences of the moment.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// The rows; `sequence` of a span is the index of its block table.
    pub batch: &'a Batch,
    /// One entry a span: the blocks that hold the sequence's keys and values, in the order of positions.
    pub tables: &'a [Vec<BlockId>],
    /// Copies to be made before anything is written, in this order.
    pub copies: &'a [BlockCopy],
}

/// A model whose keys and values live in numbered blocks that the engine hands out.
///
/// A step may be repeated: it must give the same logits and leave the blocks as it did the first time.
pub trait Model: Send {
    /// How many logits a row has.
    fn vocabulary(&self) -> usize;

    /// How many positions a sequence may have.
    fn context(&self) -> usize;

    /// Runs the step and returns the logits of the wanted rows: `[wanted, vocabulary]`, row by row.
    fn step(&mut self, step: &Step<'_>) -> crate::Result<Vec<f32>>;
}
