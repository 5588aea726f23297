//! One unit of work: rows of one sequence, or of several that share a prefix, for the query heads of one key head.

use super::super::level::Level;
use super::super::shared::Shared;
use super::softmax::{self, Running};
use super::{Heads, KeyValues, Queries, few, many};
use std::ops::Range;

/// Query vectors up to which dot products are faster than matrix products.
const FEW: usize = 8;
/// Results up to which `gemm` sums along rows, several partial sums at a time.
const SMALL: usize = 256;
/// Keys handled at a time.
pub(super) const KEYS: usize = 256;

/// Which part of a call.
pub(super) struct Unit {
    pub(super) members: Vec<Member>,
    /// The key head.
    pub(super) head: usize,
}

/// Some rows of a sequence.
#[derive(Clone)]
pub(super) struct Member {
    pub(super) sequence: usize,
    /// Rows of the sequence, from 0.
    pub(super) rows: Range<usize>,
}

/// What all units of a call share.
pub(super) struct Call<'a> {
    pub(super) level: Level,
    pub(super) query: &'a [f32],
    pub(super) heads: Heads,
    pub(super) scale: f32,
    pub(super) window: Option<usize>,
    pub(super) sequences: &'a [Queries<'a>],
}

/// Keys or values of consecutive positions of one head: `stride` apart.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) values: &'a [f32],
    pub(super) stride: usize,
    pub(super) count: usize,
}

/// A member while it is computed.
struct Part<'a> {
    memory: &'a KeyValues<'a>,
    /// The position of its first row.
    start: usize,
    /// What its rows see: from the first that the first row sees to the last row's own.
    positions: Range<usize>,
    /// Its query vectors among those of the unit.
    queries: Range<usize>,
}

impl Part<'_> {
    /// Whether the other one, whose queries follow, reads a block in the same place, all of it.
    fn shares(&self, next: &Part<'_>, block: &Range<usize>) -> bool {
        self.queries.end == next.queries.start
            && block.end <= self.positions.end.min(next.positions.end)
            && self.memory.same_place(next.memory, block)
    }
}

/// What is kept of a unit from block to block.
struct State {
    /// `[queries][size]`, scaled.
    queries: Vec<f32>,
    running: Running,
    /// Room for `[queries][KEYS]`.
    scores: Vec<f32>,
    /// Room for keys and values that do not lie one after the other.
    copies: (Vec<f32>, Vec<f32>),
}

impl Call<'_> {
    /// Computes the unit's rows of `out`.
    pub(super) fn run(&self, unit: &Unit, out: &Shared<'_, f32>) {
        let (size, group) = (self.heads.size, self.heads.queries / self.heads.keys);
        let mut parts: Vec<Part<'_>> = Vec::with_capacity(unit.members.len());
        let mut queries = Vec::new();
        for member in &unit.members {
            let sequence = &self.sequences[member.sequence];
            for row in member.rows.clone() {
                let place = self.place(sequence, row, unit.head);
                queries.extend(self.query[place].iter().map(|value| value * self.scale));
            }
            let (start, end) = (
                sequence.start + member.rows.start,
                sequence.start + member.rows.end,
            );
            let first = parts.last().map_or(0, |part| part.queries.end);
            parts.push(Part {
                memory: &sequence.memory,
                start,
                positions: self.first_visible(start)..end,
                queries: first..first + member.rows.len() * group,
            });
        }
        let count = parts.last().map_or(0, |part| part.queries.end);
        let mut state = State {
            queries,
            running: Running::new(count, size),
            scores: vec![0.0; count * KEYS],
            copies: (Vec::new(), Vec::new()),
        };
        let starts = parts.iter().map(|part| part.positions.start);
        let ends = parts.iter().map(|part| part.positions.end);
        let (mut first, last) = (starts.min().unwrap_or(0), ends.max().unwrap_or(0));
        while first < last {
            // Blocks have fixed borders, so that a row's sums are cut at the same places whatever is computed with it.
            let block = first..last.min((first / KEYS + 1) * KEYS);
            for together in parts.chunk_by(|part, next| part.shares(next, &block)) {
                self.add_block(together, &block, unit.head, &mut state);
            }
            first = block.end;
        }
        state.running.finish();
        let rows = unit
            .members
            .iter()
            .flat_map(|member| member.rows.clone().map(|row| (member.sequence, row)));
        let means = state.running.means.chunks_exact((group * size).max(1));
        for ((sequence, row), means) in rows.zip(means) {
            let place = self.place(&self.sequences[sequence], row, unit.head);
            // SAFETY: rows and heads of units are apart, for sequences are (checked by the caller).
            unsafe { out.part(place) }.copy_from_slice(means);
        }
    }

    /// Adds what parts that share a block, or one part, read from it.
    fn add_block(&self, parts: &[Part<'_>], block: &Range<usize>, head: usize, state: &mut State) {
        let (size, group) = (self.heads.size, self.heads.queries / self.heads.keys);
        let (Some(first), Some(last)) = (parts.first(), parts.last()) else {
            return;
        };
        let starts = parts.iter().map(|part| part.positions.start);
        // Parts that share a block all reach its end.
        let block = starts.min().unwrap_or(0).max(block.start)..block.end.min(first.positions.end);
        if block.is_empty() {
            return;
        }
        let queries = first.queries.start..last.queries.end;
        let (keys, values) = first
            .memory
            .block(block.clone(), head, size, &mut state.copies);
        let scores = &mut state.scores[..queries.len() * keys.count];
        // For one or two keys and for small products `gemm` has ways of its own, which add up in another order.
        let few = queries.len() <= FEW || keys.count <= 2 || scores.len() <= SMALL;
        let vectors = &state.queries[queries.start * size..queries.end * size];
        if few {
            few::scores(self.level, vectors, keys, size, scores);
        } else {
            many::scores(vectors, keys, size, scores);
        }
        let positions = parts
            .iter()
            .flat_map(|part| (0..part.queries.len()).map(|query| part.start + query / group));
        for ((index, position), scores) in queries
            .clone()
            .zip(positions)
            .zip(scores.chunks_exact_mut(keys.count))
        {
            let within = |at: usize| at.clamp(block.start, block.end) - block.start;
            let visible = within(self.first_visible(position))..within(position + 1);
            softmax::update(self.level, scores, visible, &mut state.running, index);
        }
        let means = &mut state.running.means[queries.start * size..queries.end * size];
        if few {
            few::add_values(self.level, scores, values, size, means);
        } else {
            many::add_values(scores, values, size, means);
        }
    }

    /// Where the query heads of a key head lie in a row of a sequence: beside each other.
    fn place(&self, sequence: &Queries<'_>, row: usize, head: usize) -> Range<usize> {
        let group = self.heads.queries / self.heads.keys;
        let start =
            ((sequence.rows.start + row) * self.heads.queries + head * group) * self.heads.size;
        start..start + group * self.heads.size
    }

    fn first_visible(&self, position: usize) -> usize {
        self.window
            .map_or(0, |window| (position + 1).saturating_sub(window.max(1)))
    }
}
