//! What the next step computes.

use super::{BlockCopy, BlockId, Step};
use crate::{Batch, Wanted};

/// One sequence's part of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// The sequence, by its arrival.
    pub(super) sequence: u64,
    /// The position of the first row.
    pub(super) start: usize,
    /// The tokens to compute: those of the sequence, then guesses.
    pub(super) tokens: Vec<u32>,
    /// How many of the tokens are guesses.
    pub(super) guesses: usize,
    /// Whether the sequence's end is reached, so that a token is chosen.
    pub(super) chooses: bool,
    /// The sequence's blocks.
    pub(super) table: Vec<BlockId>,
    /// Copies into those blocks, to be made before.
    pub(super) copies: Vec<BlockCopy>,
}

impl Part {
    /// Rows of logits that the part needs: one for the next token, and one after each guess.
    fn wanted(&self) -> usize {
        if self.chooses { 1 + self.guesses } else { 0 }
    }
}

/// The parts of a step as a model takes them.
#[derive(Debug)]
pub(super) struct Assembled {
    batch: Batch,
    tables: Vec<Vec<BlockId>>,
    copies: Vec<BlockCopy>,
    /// Rows of logits that the model returns.
    pub(super) rows: usize,
}

impl Assembled {
    /// Lays the parts one after the other.
    pub(super) fn new(parts: &[Part]) -> Self {
        let mut batch = Batch {
            tokens: Vec::new(),
            spans: Vec::new(),
            wanted: Wanted::Last,
        };
        let mut rows = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            batch.push(index, part.start, &part.tokens);
            rows.extend(batch.rows() - part.wanted()..batch.rows());
        }
        if rows.is_empty() {
            // Only pieces of prompts: a batch has to want something.
            rows.push(0);
        }
        let count = rows.len();
        batch.wanted = Wanted::Rows(rows);
        Self {
            batch,
            tables: parts.iter().map(|part| part.table.clone()).collect(),
            copies: parts
                .iter()
                .flat_map(|part| part.copies.iter().copied())
                .collect(),
            rows: count,
        }
    }

    pub(super) fn step(&self) -> Step<'_> {
        Step {
            batch: &self.batch,
            tables: &self.tables,
            copies: &self.copies,
        }
    }
}

/// Gives each part its rows of the logits, in the order of the parts.
pub(super) fn distribute(parts: &[Part], logits: &[f32], vocabulary: usize) -> Vec<Vec<f32>> {
    let mut rest = logits;
    let take = |part: &Part| {
        let (own, others) = rest.split_at((part.wanted() * vocabulary).min(rest.len()));
        rest = others;
        own.to_vec()
    };
    parts.iter().map(take).collect()
}
