//! Attention and element-wise kernels against double precision.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test may panic as the test may"
)]
#![expect(clippy::cast_precision_loss, reason = "sizes are small")]
#![expect(clippy::similar_names, reason = "sine and cosine are called so")]

mod common;

use std::ops::Range;

use common::Numbers;
use proptest::prelude::*;
use swemill_model::kernels::attention::{Heads, KeyValues, Queries, attention, attention_with};
use swemill_model::kernels::{Level, Pool, element_wise};

/// A sequence with its own cache, contiguous or in scattered blocks.
struct Sequence {
    start: usize,
    rows: usize,
    keys: Vec<f32>,
    values: Vec<f32>,
    starts: Vec<usize>,
    rows_of_block: usize,
}

impl Sequence {
    fn new(
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

    fn memory(&self, heads: Heads) -> KeyValues<'_> {
        KeyValues {
            keys: &self.keys,
            values: &self.values,
            starts: &self.starts,
            rows_of_block: self.rows_of_block,
            row_stride: heads.keys * heads.size,
            head_stride: heads.size,
        }
    }

    fn place(&self, heads: Heads, position: usize, head: usize) -> usize {
        self.starts[position / self.rows_of_block]
            + (position % self.rows_of_block * heads.keys + head) * heads.size
    }
}

/// The definition, in f64: all scores, softmax, weighted mean.
fn reference(
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
fn difference(
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

#[test]
fn decoding_prefill_and_mixtures_agree_with_the_definition() {
    let models = [
        (9, 3, 64),
        (14, 2, 64),
        (12, 2, 128),
        (4, 4, 80),
        (8, 1, 256),
    ];
    for level in Level::available() {
        for (queries, keys, size) in models {
            let heads = Heads {
                queries,
                keys,
                size,
            };
            for window in [None, Some(1), Some(100)] {
                let shapes = [
                    (700, 1, None),
                    (0, 90, None),
                    (300, 3, Some(16)),
                    (511, 40, Some(32)),
                ];
                let found = difference(level, heads, window, &shapes, 1);
                assert!(
                    found < 2e-6,
                    "{} {heads:?} {window:?}: {found:e}",
                    level.name()
                );
            }
        }
    }
}

#[test]
fn a_long_prefill_crosses_tiles_and_blocks_of_keys() {
    let heads = Heads {
        queries: 6,
        keys: 2,
        size: 32,
    };
    for window in [None, Some(300)] {
        assert!(difference(Level::best(), heads, window, &[(17, 600, Some(64))], 2) < 2e-6);
    }
}

/// With activations rounded to 8 bits a last bit may become a hundredth of a logit, and then another word: chunks, batches, kept
/// prefixes and guesses must not change any.
#[test]
fn a_row_gets_the_same_bits_alone_in_chunks_and_in_one_pass() {
    for (queries, keys, size) in [(9, 3, 64), (4, 4, 32), (16, 1, 128), (7, 1, 64), (2, 1, 20)] {
        let heads = Heads {
            queries,
            keys,
            size,
        };
        let (rows, width) = (530, queries * size);
        for window in [None, Some(100), Some(300)] {
            let mut numbers = Numbers(7);
            let whole = Sequence::new(heads, 0, rows, Some(16), &mut numbers);
            let query = numbers.floats(rows * width);
            let compute = |rows: Range<usize>| {
                let query = &query[rows.start * width..rows.end * width];
                let mut out = vec![0.0; query.len()];
                let part = Queries {
                    rows: 0..rows.len(),
                    start: rows.start,
                    memory: whole.memory(heads),
                };
                attention(query, heads, 0.3, window, &[part], &mut out).unwrap();
                out
            };
            let expected = compute(0..rows);
            for chunk in [1, 2, 3, 5, 100, 256] {
                for start in (0..rows).step_by(if chunk < 9 { 37 } else { chunk }) {
                    let end = rows.min(start + chunk);
                    let found = compute(start..end);
                    let expected = &expected[start * width..end * width];
                    let first = found
                        .iter()
                        .zip(expected)
                        .position(|(a, b)| a.to_bits() != b.to_bits());
                    assert_eq!(
                        first, None,
                        "{heads:?}, window {window:?}, rows {start}..{end}"
                    );
                }
            }
        }
    }
}

#[test]
fn scores_far_apart_neither_overflow_nor_vanish() {
    let heads = Heads {
        queries: 1,
        keys: 1,
        size: 16,
    };
    let keys: Vec<f32> = (0..3)
        .flat_map(|t| vec![if t == 1 { 300.0 } else { -300.0 }; 16])
        .collect();
    let values: Vec<f32> = (0..48).map(|index| index as f32).collect();
    let memory = KeyValues {
        keys: &keys,
        values: &values,
        starts: &[0],
        rows_of_block: 3,
        row_stride: 16,
        head_stride: 16,
    };
    let mut out = vec![0.0; 16];
    let calls = [Queries {
        rows: 0..1,
        start: 2,
        memory,
    }];
    attention(&[10.0; 16], heads, 1.0, None, &calls, &mut out).unwrap();
    assert_eq!(out, values[16..32]);
}

#[test]
fn views_that_leave_their_memory_are_refused() {
    let heads = Heads {
        queries: 2,
        keys: 1,
        size: 4,
    };
    let memory = [0.0; 16];
    let view = KeyValues {
        keys: &memory,
        values: &memory,
        starts: &[0],
        rows_of_block: 4,
        row_stride: 4,
        head_stride: 4,
    };
    let run = |view: KeyValues<'_>, rows: std::ops::Range<usize>, start| {
        let calls = [Queries {
            rows,
            start,
            memory: view,
        }];
        attention(&[0.0; 8], heads, 1.0, None, &calls, &mut [0.0; 8])
    };
    assert!(run(view, 0..1, 3).is_ok());
    assert!(run(view, 0..1, 4).is_err(), "a position beyond the blocks");
    assert!(run(view, 0..2, 0).is_err(), "a row beyond the queries");
    assert!(run(view, 0..1, usize::MAX).is_err());
    assert!(
        run(
            KeyValues {
                starts: &[4],
                ..view
            },
            0..1,
            3
        )
        .is_err(),
        "a block that leaves the slice"
    );
    assert!(
        run(
            KeyValues {
                row_stride: usize::MAX,
                ..view
            },
            0..1,
            3
        )
        .is_err()
    );
    assert!(
        run(
            KeyValues {
                rows_of_block: 0,
                ..view
            },
            0..1,
            3
        )
        .is_err()
    );
    assert!(
        run(
            KeyValues {
                values: &memory[1..],
                ..view
            },
            0..1,
            3
        )
        .is_err()
    );
}

#[test]
fn element_wise_kernels_agree_with_double_precision() {
    let mut numbers = Numbers(3);
    for width in [1, 5, 64, 576, 1000] {
        let rows = 70;
        let (x, up, weight) = (
            numbers.floats(rows * width),
            numbers.floats(rows * width),
            numbers.floats(width),
        );
        let x: Vec<f32> = x.iter().map(|value| 20.0 * value).collect();
        let mut out = vec![0.0; x.len()];
        element_wise::rms_norm(&x, &weight, 1e-5, &mut out).unwrap();
        for (x, out) in x.chunks(width).zip(out.chunks(width)) {
            let mean = x.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>() / width as f64;
            for index in 0..width {
                let expected = f64::from(x[index]) / (mean + f64::from(1e-5_f32)).sqrt()
                    * f64::from(weight[index]);
                assert!((f64::from(out[index]) - expected).abs() < 1e-6 * (1.0 + expected.abs()));
            }
        }
        element_wise::silu_multiply(&x, &up, &mut out).unwrap();
        for ((&x, &up), &out) in x.iter().zip(&up).zip(&out) {
            let expected = f64::from(x) / (1.0 + (-f64::from(x)).exp()) * f64::from(up);
            assert!(
                (f64::from(out) - expected).abs() < 5e-7 * (1.0 + expected.abs()),
                "{x}"
            );
        }
        out.copy_from_slice(&x);
        element_wise::softmax(&mut out, width).unwrap();
        for (x, out) in x.chunks(width).zip(out.chunks(width)) {
            let total: f64 = x.iter().map(|&value| f64::from(value).exp()).sum();
            for (&x, &out) in x.iter().zip(out) {
                assert!((f64::from(out) - f64::from(x).exp() / total).abs() < 5e-7);
            }
        }
    }
}

#[test]
fn rotation_turns_pairs_half_a_head_apart_and_leaves_the_rest() {
    let (rows, heads, size, half) = (3, 2, 10, 4);
    let mut numbers = Numbers(4);
    let x = numbers.floats(rows * heads * size);
    let angles: Vec<f32> = numbers.floats(rows * half);
    let (cosine, sine): (Vec<f32>, Vec<f32>) = angles
        .iter()
        .map(|angle| (angle.cos(), angle.sin()))
        .unzip();
    let mut turned = x.clone();
    element_wise::rotate(&mut turned, heads, size, &cosine, &sine).unwrap();
    for row in 0..rows {
        for head in 0..heads {
            let start = (row * heads + head) * size;
            for index in 0..half {
                let (a, b) = (x[start + index], x[start + half + index]);
                let (cosine, sine) = (cosine[row * half + index], sine[row * half + index]);
                assert!((turned[start + index] - (a * cosine - b * sine)).abs() < 1e-6);
                assert!((turned[start + half + index] - (b * cosine + a * sine)).abs() < 1e-6);
            }
            assert_eq!(
                turned[start + 2 * half..start + size],
                x[start + 2 * half..start + size]
            );
        }
    }
    assert!(element_wise::rotate(&mut turned, heads, 7, &cosine, &sine).is_err());
    assert!(element_wise::rotate(&mut turned, heads, size, &cosine, &sine[1..]).is_err());
}

#[test]
fn values_that_are_not_numbers_show_in_every_result() {
    let mut x = [1.0, f32::NAN, 2.0, 3.0];
    let mut out = [0.0; 4];
    element_wise::silu_multiply(&x, &[1.0; 4], &mut out).unwrap();
    assert!(out[1].is_nan() && out[0].is_finite());
    element_wise::rms_norm(&x, &[1.0; 2], 1e-5, &mut out).unwrap();
    assert!(out[0].is_nan() && out[2].is_finite());
    element_wise::softmax(&mut x, 2).unwrap();
    assert!(x[0].is_nan() && x[2].is_finite());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn odd_shapes_agree_with_the_definition(
        group in 1_usize..5, keys in 1_usize..4, size in 1_usize..70,
        window in prop::option::of(1_usize..40),
        shapes in prop::collection::vec((0_usize..60, 0_usize..30, prop::option::of(1_usize..20)), 0..4),
        seed: u64,
    ) {
        let shapes: Vec<_> = shapes.into_iter().filter(|shape| shape.0 + shape.1 > 0).collect();
        let heads = Heads { queries: group * keys, keys, size };
        prop_assert!(difference(Level::best(), heads, window, &shapes, seed) < 5e-6);
    }
}
