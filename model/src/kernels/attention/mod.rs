//! Attention over keys and values in memory, without ever writing all scores.
//!
//! Keys are read in blocks, and each query keeps a running maximum, sum and weighted mean (Milakov and Gimelshein, arXiv
//! 1805.02867; `FlashAttention`, Dao et al., arXiv 2205.14135). The heads that share a key head (grouped queries, Ainslie et al., arXiv
//! 2305.13245) are worked on together, so that keys are read once for all of them.
//!
//! Few queries (decoding) are sums of products at the pace of the memory that holds keys and values. Many queries are matrix
//! products of a tile of about 128 queries by the `gemm` crate at the pace of f32 arithmetic. Error: that of f32 sums,
//! below `2e-6` of the largest value in the tests. A row gets the same bits alone and among others at the fastest level.

mod few;
mod many;
mod softmax;
mod unit;

use super::error::{KernelError, expect_length};
use super::{Level, Pool};
use std::ops::Range;

use super::shared::Shared;
use unit::Unit;

/// Sizes that all sequences of a call share.
#[derive(Debug, Clone, Copy)]
pub struct Heads {
    /// Query heads.
    pub queries: usize,
    /// Key and value heads; a divisor of `queries`.
    pub keys: usize,
    /// Values of one head.
    pub size: usize,
}

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

/// Some rows of queries and the sequence that they read.
#[derive(Debug, Clone)]
pub struct Queries<'a> {
    /// Rows of the query tensor, one after the other in the sequence.
    pub rows: Range<usize>,
    /// The position of the first; the cache holds that and the following ones already.
    pub start: usize,
    /// What they read.
    pub memory: KeyValues<'a>,
}

impl KeyValues<'_> {
    /// Where a position of a head starts.
    fn at(&self, position: usize, head: usize) -> usize {
        self.starts[position / self.rows_of_block]
            + position % self.rows_of_block * self.row_stride
            + head * self.head_stride
    }

    /// Fails unless the first `positions` positions of all heads lie inside of the slices.
    fn check(&self, positions: usize, heads: Heads) -> Result<(), KernelError> {
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
}

/// Causal attention: row `i` of a sequence's queries, at position `start + i`, reads the positions up to its own, or the last `window` of
/// them. `query` and `out` are `[rows][heads.queries][heads.size]`; rows that no sequence names are left alone.
pub fn attention(
    query: &[f32],
    heads: Heads,
    scale: f32,
    window: Option<usize>,
    sequences: &[Queries<'_>],
    out: &mut [f32],
) -> Result<(), KernelError> {
    attention_with(
        Level::best(),
        Pool::global(),
        query,
        heads,
        scale,
        window,
        sequences,
        out,
    )
}

/// The same with a level and a pool of one's own.
#[expect(
    clippy::too_many_arguments,
    reason = "two more than `attention`, which reads best as it is"
)]
pub fn attention_with(
    level: Level,
    pool: &Pool,
    query: &[f32],
    heads: Heads,
    scale: f32,
    window: Option<usize>,
    sequences: &[Queries<'_>],
    out: &mut [f32],
) -> Result<(), KernelError> {
    expect_length("the result", query.len(), out.len())?;
    if heads.keys == 0 || !heads.queries.is_multiple_of(heads.keys) {
        return Err(KernelError::Shape {
            what: "the group of heads",
            expected: heads.keys,
            found: heads.queries,
        });
    }
    let width = heads.queries * heads.size;
    let mut end = 0;
    for sequence in sequences {
        // In order and apart: so no two units write the same rows.
        if sequence.rows.start < end || sequence.rows.end < sequence.rows.start {
            return Err(KernelError::Index {
                what: "row",
                index: sequence.rows.start,
                count: end,
            });
        }
        end = sequence.rows.end;
        sequence
            .memory
            .check(sequence.start.saturating_add(sequence.rows.len()), heads)?;
    }
    if end.saturating_mul(width) > query.len() {
        return Err(KernelError::Index {
            what: "row",
            index: end,
            count: query.len() / width.max(1),
        });
    }
    let units = unit::split(sequences, heads);
    let out = Shared::new(out);
    pool.run(units.len(), &|index| {
        let Unit {
            sequence,
            rows,
            head,
        } = &units[index];
        let call = unit::Call {
            level,
            query,
            heads,
            scale,
            window,
            queries: &sequences[*sequence],
        };
        call.run(rows.clone(), *head, &out);
    });
    Ok(())
}
