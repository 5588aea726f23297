//! Where the keys and values of a sequence lie.

use super::super::error::{KernelError, expect_length};
use super::Heads;
use super::unit::Rows;
use std::ops::Range;

/// The keys and values of one sequence.
///
/// Position `t` of head `h` starts at `starts[t / rows_of_block] + t % rows_of_block * row_stride + h * head_stride`, in
/// both slices. A contiguous cache is one block.
#[derive(Debug, Clone, Copy)]
pub struct KeyValues<'a> {
    /// All keys.
    pub keys: &'a [f32],
    /// All values.
    pub values: &'a [f32],
    /// Where each block starts.
    pub starts: &'a [usize],
    /// Positions in one block.
    pub rows_of_block: usize,
    /// From one position to the next.
    pub row_stride: usize,
    /// From one head to the next.
    pub head_stride: usize,
}

impl KeyValues<'_> {
    /// Where a position of a head starts.
    fn at(&self, position: usize, head: usize) -> usize {
        self.starts[position / self.rows_of_block]
            + position % self.rows_of_block * self.row_stride
            + head * self.head_stride
    }

    /// Fails unless the first `positions` positions of all heads lie inside of the slices.
    pub(super) fn check(&self, positions: usize, heads: Heads) -> Result<(), KernelError> {
        expect_length("the values of a cache", self.keys.len(), self.values.len())?;
        let blocks = positions.div_ceil(self.rows_of_block.max(1));
        if self.starts.len() < blocks || self.rows_of_block == 0 {
            return Err(KernelError::Index {
                what: "block",
                index: blocks,
                count: self.starts.len(),
            });
        }
        let last_row = self
            .rows_of_block
            .min(positions)
            .saturating_sub(1)
            .saturating_mul(self.row_stride);
        let last_head = heads
            .keys
            .saturating_sub(1)
            .saturating_mul(self.head_stride);
        let end = last_row
            .saturating_add(last_head)
            .saturating_add(heads.size);
        match self.starts[..blocks]
            .iter()
            .map(|start| start.saturating_add(end))
            .max()
        {
            Some(end) if end > self.keys.len() => Err(KernelError::Index {
                what: "key",
                index: end,
                count: self.keys.len(),
            }),
            _ => Ok(()),
        }
    }
    /// Whether these positions of both sequences are the same memory.
    pub(super) fn same_place(&self, other: &Self, positions: &Range<usize>) -> bool {
        let blocks = |memory: &Self| {
            let first = positions.start / memory.rows_of_block;
            first..positions.end.div_ceil(memory.rows_of_block)
        };
        std::ptr::eq(self.keys, other.keys)
            && std::ptr::eq(self.values, other.values)
            && (self.rows_of_block, self.row_stride, self.head_stride)
                == (other.rows_of_block, other.row_stride, other.head_stride)
            && self.starts.get(blocks(self)) == other.starts.get(blocks(other))
    }

    /// Keys and values of some positions, in place where they lie in one block of the cache, else copied.
    pub(super) fn block<'b>(
        &'b self,
        positions: Range<usize>,
        head: usize,
        size: usize,
        copies: &'b mut (Vec<f32>, Vec<f32>),
    ) -> (Rows<'b>, Rows<'b>) {
        let count = positions.len();
        if positions.start / self.rows_of_block == (positions.end - 1) / self.rows_of_block {
            let start = self.at(positions.start, head);
            let range = start..start + (count - 1) * self.row_stride + size;
            let rows = |values: &'b [f32]| Rows {
                values: &values[range.clone()],
                stride: self.row_stride,
                count,
            };
            return (rows(self.keys), rows(self.values));
        }
        let copies = (&mut copies.0, &mut copies.1);
        copies.0.clear();
        copies.1.clear();
        for position in positions {
            let at = self.at(position, head);
            copies.0.extend_from_slice(&self.keys[at..at + size]);
            copies.1.extend_from_slice(&self.values[at..at + size]);
        }
        let rows = |values: &'b [f32]| Rows {
            values,
            stride: size,
            count,
        };
        (rows(copies.0), rows(copies.1))
    }
}
