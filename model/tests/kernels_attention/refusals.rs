//! Views that are wrong.

use swemill_model::kernels::attention::{Heads, KeyValues, Queries, attention};

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
