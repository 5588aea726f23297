//! Sequences with random keys and values, and the definition of attention over them.

use swemill_model::kernels::attention::{Heads, KeyValues, Queries, attention_with};
use swemill_model::kernels::{Level, Pool};

use crate::common::Numbers;

/// A sequence with its own cache, contiguous or in scattered blocks.
pub(crate) struct Sequence {
    pub(crate) start: usize,
    pub(crate) rows: usize,
    pub(crate) keys: Vec<f32>,
    values: Vec<f32>,
    starts: Vec<usize>,
    rows_of_block: usize,
}

impl Sequence {
    pub(crate) fn new(
        heads: Heads,
        start: usize,
        rows: usize,
        block: Option<usize>,
        numbers: &mut Numbers,
    ) -> Self {
        let (length, width) = (start + rows, heads.keys * heads.size);
        let rows_of_block = block.unwrap_or(length);
        let blocks = length.div_ceil(rows_of_block);
        // Blocks lie in reverse order.
        let starts = (0..blocks)
            .rev()
            .map(|index| index * rows_of_block * width)
            .collect();
        let size = blocks * rows_of_block * width;
        Self {
            start,
            rows,
            keys: numbers.floats(size),
            values: numbers.floats(size),
            starts,
            rows_of_block,
        }
    }

    pub(crate) fn memory(&self, heads: Heads) -> KeyValues<'_> {
        KeyValues {
            keys: &self.keys,
            values: &self.values,
            starts: &self.starts,
            rows_of_block: self.rows_of_block,
            row_stride: heads.keys * heads.size,
            head_stride: heads.size,
        }
    }

    pub(crate) fn place(&self, heads: Heads, position: usize, head: usize) -> usize {
        self.starts[position / self.rows_of_block]
            + (position % self.rows_of_block * heads.keys + head) * heads.size
    }
}

/// The definition, in f64: all scores, softmax, weighted mean.
pub(crate) fn reference(
    query: &[f32],
    heads: Heads,
    scale: f32,
    window: Option<usize>,
    sequences: &[Sequence],
) -> Vec<f64> {
    let mut out = Vec::new();
    let mut row = 0;
    for sequence in sequences {
        for offset in 0..sequence.rows {
            let position = sequence.start + offset;
            let first = window.map_or(0, |window| (position + 1).saturating_sub(window));
            for head in 0..heads.queries {
                let query = &query[(row * heads.queries + head) * heads.size..][..heads.size];
                let key_head = head / (heads.queries / heads.keys);
                let scores: Vec<f64> = (first..=position)
                    .map(|t| {
                        let key =
                            &sequence.keys[sequence.place(heads, t, key_head)..][..heads.size];
                        let dot: f64 = query
                            .iter()
                            .zip(key)
                            .map(|(&q, &k)| f64::from(q) * f64::from(k))
                            .sum();
                        dot * f64::from(scale)
                    })
                    .collect();
                let largest = scores.iter().fold(f64::NEG_INFINITY, |a, &b| a.max(b));
                let weights: Vec<f64> =
                    scores.iter().map(|score| (score - largest).exp()).collect();
                let total: f64 = weights.iter().sum();
                out.extend((0..heads.size).map(|index| {
                    let read =
                        |t| f64::from(sequence.values[sequence.place(heads, t, key_head) + index]);
                    weights
                        .iter()
                        .zip(first..)
                        .map(|(weight, t)| weight * read(t))
                        .sum::<f64>()
                        / total
                }));
            }
            row += 1;
        }
    }
    out
}

/// Largest difference from the reference.
pub(crate) fn difference(
    level: Level,
    heads: Heads,
    window: Option<usize>,
    shapes: &[(usize, usize, Option<usize>)],
    seed: u64,
) -> f64 {
    let mut numbers = Numbers(seed);
    let sequences: Vec<Sequence> = shapes
        .iter()
        .map(|&(start, rows, block)| Sequence::new(heads, start, rows, block, &mut numbers))
        .collect();
    let rows: usize = sequences.iter().map(|sequence| sequence.rows).sum();
    let query: Vec<f32> = numbers
        .floats(rows * heads.queries * heads.size)
        .iter()
        .map(|value| 4.0 * value)
        .collect();
    let scale = 1.0 / (heads.size as f32).sqrt();
    let mut first = 0;
    let calls: Vec<Queries<'_>> = sequences
        .iter()
        .map(|sequence| {
            first += sequence.rows;
            Queries {
                rows: first - sequence.rows..first,
                start: sequence.start,
                memory: sequence.memory(heads),
            }
        })
        .collect();
    let mut out = vec![f32::NAN; query.len()];
    attention_with(
        level,
        &Pool::new(2),
        &query,
        heads,
        scale,
        window,
        &calls,
        &mut out,
    )
    .unwrap();
    let expected = reference(&query, heads, scale, window, &sequences);
    out.iter()
        .zip(expected)
        .map(|(&out, expected)| (f64::from(out) - expected).abs())
        .fold(0.0, f64::max)
}
