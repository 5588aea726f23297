//! A row's result does not depend on what is computed with it.
//!
//! With activations rounded to 8 bits a last bit may become a hundredth of a logit, and then another word: chunks, batches, kept
//! prefixes and guesses must not change any.

use std::ops::Range;

use swemill_model::kernels::attention::{Heads, KeyValues, Queries, attention_with};
use swemill_model::kernels::{Level, Pool};

use crate::{common::Numbers, sequences::Sequence};

/// The levels that promise it: without a fused multiplication and addition, few queries and many round differently.
fn levels() -> Vec<Level> {
    Level::available().split_off(1)
}

#[test]
fn a_row_gets_the_same_bits_alone_in_chunks_and_in_one_pass() {
    for (queries, keys, size) in [(9, 3, 64), (4, 4, 32), (16, 1, 128), (7, 1, 64), (2, 1, 20)] {
        let heads = Heads {
            queries,
            keys,
            size,
        };
        let (rows, width) = (530, queries * size);
        for (level, window) in levels()
            .into_iter()
            .flat_map(|level| [None, Some(100), Some(300)].map(|window| (level, window)))
        {
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
                attention_with(
                    level,
                    &Pool::new(2),
                    query,
                    heads,
                    0.3,
                    window,
                    &[part],
                    &mut out,
                )
                .unwrap();
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

/// The blocks of a sequence: those of a prefix that others have too, and its own.
struct Agent {
    starts: Vec<usize>,
    length: usize,
}

#[test]
fn a_row_gets_the_same_bits_alone_and_beside_others_that_share_its_prefix() {
    const BLOCK: usize = 16;
    for (queries, keys, size) in [(9, 3, 64), (4, 4, 32), (8, 1, 128)] {
        let heads = Heads {
            queries,
            keys,
            size,
        };
        let mut numbers = Numbers(8);
        // Blocks in common, rows that are asked, and positions: nothing shared, part of a block of keys, several, and two that part late.
        let shapes = [
            (40, 1, 700),
            (40, 1, 641),
            (40, 3, 900),
            (20, 1, 700),
            (0, 1, 300),
            (40, 1, 640),
            (44, 1, 705),
            (44, 2, 1300),
        ];
        let mut unused = 100;
        let agents = shapes.map(|(common, _, length): (usize, usize, usize)| {
            let own = length.div_ceil(BLOCK) - common;
            let blocks = (0..common).rev().chain(unused..unused + own);
            unused += own;
            Agent {
                starts: blocks.map(|block| block * BLOCK * size).collect(),
                length,
            }
        });
        let stretch = unused * BLOCK * size;
        let (cached_keys, cached_values) = (
            numbers.floats(keys * stretch),
            numbers.floats(keys * stretch),
        );
        let rows: usize = shapes.iter().map(|shape| shape.1).sum();
        let width = queries * size;
        let query = numbers.floats(rows * width);
        let mut first = 0;
        let calls: Vec<Queries<'_>> = agents
            .iter()
            .zip(shapes)
            .map(|(agent, (_, rows, _))| {
                first += rows;
                Queries {
                    rows: first - rows..first,
                    start: agent.length - rows,
                    memory: KeyValues {
                        keys: &cached_keys,
                        values: &cached_values,
                        starts: &agent.starts,
                        rows_of_block: BLOCK,
                        row_stride: size,
                        head_stride: stretch,
                    },
                }
            })
            .collect();
        for (level, window) in levels()
            .into_iter()
            .flat_map(|level| [(level, None), (level, Some(500))])
        {
            let compute = |calls: &[Queries<'_>]| {
                let mut out = vec![0.0; query.len()];
                attention_with(
                    level,
                    &Pool::new(2),
                    &query,
                    heads,
                    0.3,
                    window,
                    calls,
                    &mut out,
                )
                .unwrap();
                out
            };
            let together = compute(&calls);
            for call in &calls {
                let alone = compute(std::slice::from_ref(call));
                let own = call.rows.start * width..call.rows.end * width;
                assert!(
                    alone[own.clone()] == together[own],
                    "{} {heads:?}, window {window:?}, rows {:?}",
                    level.name(),
                    call.rows
                );
            }
        }
    }
}
