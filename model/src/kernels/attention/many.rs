//! Scores and weighted sums for a tile of queries, as matrix products.

use super::super::float_product::{Operand, product};
use super::unit::Rows;

/// `scores[query][key]`.
pub(super) fn scores(queries: &[f32], keys: Rows<'_>, size: usize, scores: &mut [f32]) {
    let queries = Operand {
        values: queries,
        row_stride: size,
        column_stride: 1,
    };
    let keys_across = Operand {
        values: keys.values,
        row_stride: 1,
        column_stride: keys.stride,
    };
    product(queries, keys_across, size, scores, keys.count, false);
}

/// `means[query] += Σ_key weights[query][key] · values[key]`.
pub(super) fn add_values(weights: &[f32], values: Rows<'_>, size: usize, means: &mut [f32]) {
    let weights = Operand {
        values: weights,
        row_stride: values.count,
        column_stride: 1,
    };
    let rows = Operand {
        values: values.values,
        row_stride: values.stride,
        column_stride: 1,
    };
    product(weights, rows, values.count, means, size, true);
}
