//! One unit of work: a tile of rows of one sequence, for the query heads of one key head.

use super::super::level::Level;
use super::super::shared::Shared;
use super::softmax::{self, Running};
use super::{Heads, Queries, few, many};
use std::ops::Range;

/// Query vectors in a tile.
const TILE: usize = 128;
/// Query vectors up to which dot products are faster than matrix products.
const FEW: usize = 8;
/// Results up to which `gemm` sums along rows, several partial sums at a time.
const SMALL: usize = 256;
/// Keys handled at a time.
const KEYS: usize = 256;

/// Which part of a call.
pub(super) struct Unit {
    pub(super) sequence: usize,
    /// Rows of the sequence, from 0.
    pub(super) rows: Range<usize>,
    /// The key head.
    pub(super) head: usize,
}

/// Cuts a call into units; the last tiles of a sequence, which read most, come first.
pub(super) fn split(sequences: &[Queries<'_>], heads: Heads) -> Vec<Unit> {
    let tile = (TILE / (heads.queries / heads.keys).max(1)).max(1);
    let mut units = Vec::new();
    for (sequence, queries) in sequences.iter().enumerate() {
        let rows = queries.rows.len();
        for first in (0..rows).step_by(tile).rev() {
            for head in 0..heads.keys {
                units.push(Unit {
                    sequence,
                    rows: first..rows.min(first + tile),
                    head,
                });
            }
        }
    }
    units
}

/// What all units of a sequence share.
pub(super) struct Call<'a> {
    pub(super) level: Level,
    pub(super) query: &'a [f32],
    pub(super) heads: Heads,
    pub(super) scale: f32,
    pub(super) window: Option<usize>,
    pub(super) queries: &'a Queries<'a>,
}

/// Keys or values of consecutive positions of one head: `stride` apart.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) values: &'a [f32],
    pub(super) stride: usize,
    pub(super) count: usize,
}

impl Call<'_> {
    /// Computes the unit's rows of `out`.
    pub(super) fn run(&self, rows: Range<usize>, head: usize, out: &Shared<'_, f32>) {
        let (size, group) = (self.heads.size, self.heads.queries / self.heads.keys);
        let count = rows.len() * group;
        // [rows][group][size]: the group's heads lie beside each other in a row of queries.
        let place = |row: usize| {
            let start = ((self.queries.rows.start + rows.start + row) * self.heads.queries
                + head * group)
                * size;
            start..start + group * size
        };
        let mut queries = Vec::with_capacity(count * size);
        for row in 0..rows.len() {
            queries.extend(
                self.query[place(row)]
                    .iter()
                    .map(|value| value * self.scale),
            );
        }
        let mut running = Running::new(count, size);
        let mut scores = vec![0.0; count * KEYS];
        let mut copies = (Vec::new(), Vec::new());
        let last = self.queries.start + rows.end;
        let mut first = self.first_visible(self.queries.start + rows.start);
        while first < last {
            // Blocks have fixed borders, so that a row's sums are cut at the same places whatever is computed with it.
            let block = first..last.min((first / KEYS + 1) * KEYS);
            let (keys, values) = self.block(block.clone(), head, &mut copies);
            let scores = &mut scores[..count * keys.count];
            // For one or two keys and for small products `gemm` has ways of its own, which add up in another order.
            let few = count <= FEW || keys.count <= 2 || count * keys.count <= SMALL;
            if few {
                few::scores(self.level, &queries, keys, size, scores);
            } else {
                many::scores(&queries, keys, size, scores);
            }
            for (index, scores) in scores.chunks_exact_mut(keys.count).enumerate() {
                let position = self.queries.start + rows.start + index / group;
                let within = |at: usize| at.clamp(block.start, block.end) - block.start;
                let visible = within(self.first_visible(position))..within(position + 1);
                softmax::update(self.level, scores, visible, &mut running, index);
            }
            if few {
                few::add_values(self.level, scores, values, size, &mut running.means);
            } else {
                many::add_values(scores, values, size, &mut running.means);
            }
            first = block.end;
        }
        running.finish();
        for (row, means) in running
            .means
            .chunks_exact((group * size).max(1))
            .enumerate()
        {
            // SAFETY: rows and heads of units are apart, for sequences are (checked by the caller).
            unsafe { out.part(place(row)) }.copy_from_slice(means);
        }
    }

    fn first_visible(&self, position: usize) -> usize {
        self.window
            .map_or(0, |window| (position + 1).saturating_sub(window.max(1)))
    }

    /// Keys and values of some positions, in place where they lie in one block of the cache, else copied.
    fn block<'a>(
        &'a self,
        positions: Range<usize>,
        head: usize,
        copies: &'a mut (Vec<f32>, Vec<f32>),
    ) -> (Rows<'a>, Rows<'a>) {
        let (memory, size, count) = (&self.queries.memory, self.heads.size, positions.len());
        if positions.start / memory.rows_of_block == (positions.end - 1) / memory.rows_of_block {
            let start = memory.at(positions.start, head);
            let range = start..start + (count - 1) * memory.row_stride + size;
            let rows = |values: &'a [f32]| Rows {
                values: &values[range.clone()],
                stride: memory.row_stride,
                count,
            };
            return (rows(memory.keys), rows(memory.values));
        }
        copies.0.clear();
        copies.1.clear();
        for position in positions {
            let at = memory.at(position, head);
            copies.0.extend_from_slice(&memory.keys[at..at + size]);
            copies.1.extend_from_slice(&memory.values[at..at + size]);
        }
        (
            Rows {
                values: &copies.0,
                stride: size,
                count,
            },
            Rows {
                values: &copies.1,
                stride: size,
                count,
            },
        )
    }
}
