//! What one forward pass takes: the rows of many sequences, laid one after the other.
//!
//! Chunked pre-fill mixed with decoding, packed documents under a mask, and a padded batch are all this one thing. A row only ever
//! attends to rows of its own span and to what the cache holds of its sequence.

use std::ops::Range;

use crate::{Error, Result};

/// Consecutive tokens of one sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The cache's handle of the sequence.
    pub sequence: usize,
    /// The span's rows within the batch.
    pub rows: Range<usize>,
    /// The position of the first row in its sequence; the cache holds the positions before it.
    pub start: usize,
}

impl Span {
    /// How many tokens the sequence has after this span.
    pub fn end(&self) -> usize {
        self.start + self.rows.len()
    }
}

/// The rows whose logits a caller wants. The product with the vocabulary is a large part of the work, so it is done for those only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Every row, in the batch's order.
    All,
    /// The last row of each span, in the order of the spans.
    Last,
    /// These rows, in this order.
    Rows(Vec<usize>),
}

/// The tokens of a forward pass with the sequences that they belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The token of every row.
    pub tokens: Vec<u32>,
    /// The spans, which cover the rows in order and without gaps; a sequence occurs once.
    pub spans: Vec<Span>,
    /// The rows whose logits are wanted.
    pub wanted: Wanted,
}

impl Batch {
    /// One span of one sequence.
    pub fn of_one(sequence: usize, start: usize, tokens: Vec<u32>, wanted: Wanted) -> Self {
        let span = Span {
            sequence,
            rows: 0..tokens.len(),
            start,
        };
        Self {
            tokens,
            spans: vec![span],
            wanted,
        }
    }

    /// Whole documents or sequences from their first position, numbered from 0: what scoring and training take.
    pub fn of_documents<D: AsRef<[u32]>>(documents: &[D], wanted: Wanted) -> Self {
        let mut batch = Self {
            tokens: Vec::new(),
            spans: Vec::new(),
            wanted,
        };
        for (sequence, document) in documents.iter().enumerate() {
            batch.push(sequence, 0, document.as_ref());
        }
        batch
    }

    /// Adds a span after the others.
    pub fn push(&mut self, sequence: usize, start: usize, tokens: &[u32]) {
        let first = self.tokens.len();
        self.tokens.extend_from_slice(tokens);
        self.spans.push(Span {
            sequence,
            rows: first..self.tokens.len(),
            start,
        });
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.tokens.len()
    }

    /// The position of every row in its sequence.
    pub fn positions(&self) -> Vec<u32> {
        self.spans
            .iter()
            .flat_map(|span| span.start..span.end())
            .map(narrow)
            .collect()
    }

    /// The rows whose logits are wanted, or `None` for all in order.
    pub fn wanted_rows(&self) -> Option<Vec<u32>> {
        match &self.wanted {
            Wanted::All => None,
            Wanted::Last => Some(
                self.spans
                    .iter()
                    .map(|span| narrow(span.rows.end - 1))
                    .collect(),
            ),
            Wanted::Rows(rows) => Some(rows.iter().map(|&row| narrow(row)).collect()),
        }
    }

    /// Checks that the batch is sound and that a model with this vocabulary and context can run it.
    pub fn check(&self, vocabulary: usize, context: usize) -> Result<()> {
        let mut next = 0;
        let mut seen = std::collections::HashSet::with_capacity(self.spans.len());
        for (index, span) in self.spans.iter().enumerate() {
            if span.rows.start != next || span.rows.is_empty() {
                let reason = format!(
                    "span {index} has the rows {:?}, but the next free row is {next}",
                    span.rows
                );
                return Err(Error::Batch(reason));
            }
            next = span.rows.end;
            if !seen.insert(span.sequence) {
                return Err(Error::Batch(format!(
                    "sequence {} occurs in two spans",
                    span.sequence
                )));
            }
            match span.start.checked_add(span.rows.len()) {
                Some(end) if end <= context => {}
                _ => {
                    return Err(Error::Context {
                        position: span.start.max(context),
                        context,
                    });
                }
            }
        }
        if next == 0 || next != self.rows() {
            return Err(Error::Batch(format!(
                "it has {} tokens, but its spans cover {next} rows",
                self.rows()
            )));
        }
        if let Some(token) = self
            .tokens
            .iter()
            .find(|&&token| token as usize >= vocabulary)
        {
            return Err(Error::Batch(format!(
                "token {token} is outside of the vocabulary of {vocabulary}"
            )));
        }
        match &self.wanted {
            Wanted::Rows(rows) if rows.is_empty() => {
                Err(Error::Batch("no row's logits are wanted".into()))
            }
            Wanted::Rows(rows) => match rows.iter().find(|&&row| row >= next) {
                Some(row) => Err(Error::Batch(format!(
                    "the logits of row {row} are wanted, but there are {next} rows"
                ))),
                None => Ok(()),
            },
            Wanted::All | Wanted::Last => Ok(()),
        }
    }
}

/// Rows and positions as tensor indices.
fn narrow(index: usize) -> u32 {
    u32::try_from(index).expect(
        "contexts and batches are far smaller than 2^32: tokens are numbered by u32 in memory",
    )
}
