//! Results against the definition.

use proptest::prelude::*;
use swemill_model::kernels::Level;
use swemill_model::kernels::attention::{Heads, KeyValues, Queries, attention};

use crate::sequences::difference;

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
