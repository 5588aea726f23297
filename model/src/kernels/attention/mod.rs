//! Attention over keys and values in memory, without ever writing all scores.
//!
//! Keys are read in blocks, and each query keeps a running maximum, sum and weighted mean (Milakov and Gimelshein, arXiv
//! 1805.02867; `FlashAttention`, Dao et al., arXiv 2205.14135). The heads that share a key head (grouped queries, Ainslie et al., arXiv
//! 2305.13245) are worked on together, so that keys are read once for all of them.
//!
//! Sequences that share a prefix in memory (agents of one prompt, samples of one question) are worked on together, too: keys that lie in the
//! same place are read and multiplied once for all of them (Juravsky et al., Hydragen, arXiv 2402.05099), and each goes on alone where it
//! parts from the others.
//!
//! Few queries (decoding) are sums of products at the pace of the memory that holds keys and values. Many queries are matrix
//! products of a tile of about 128 queries by the `gemm` crate at the pace of f32 arithmetic. Error: that of f32 sums,
//! below `2e-6` of the largest value in the tests. A row gets the same bits alone and among others at the fastest level.

mod few;
mod group;
mod many;
mod memory;
mod softmax;
mod unit;

use super::error::{KernelError, expect_length};
use super::{Level, Pool};
use std::ops::Range;

use super::shared::Shared;
pub use memory::KeyValues;

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
    let units = group::units(sequences, heads);
    let out = Shared::new(out);
    let call = unit::Call {
        level,
        query,
        heads,
        scale,
        window,
        sequences,
    };
    pool.run(units.len(), &|index| call.run(&units[index], &out));
    Ok(())
}
