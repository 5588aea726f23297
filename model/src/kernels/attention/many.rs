//! Scores and weighted sums for a tile of queries, as matrix products.

use super::unit::Rows;
use crate::product::{View, multiply};

/// `scores[query][key]`.
pub(super) fn scores(queries: &[f32], keys: Rows<'_>, size: usize, scores: &mut [f32]) {
    let queries = View::new(queries, tile(scores, keys.count), size, size);
    let keys_across = View::new(keys.values, keys.count, size, keys.stride).transposed();
    multiply(scores, keys.count, queries, keys_across, false, false);
}

/// `means[query] += Σ_key weights[query][key] · values[key]`.
pub(super) fn add_values(weights: &[f32], values: Rows<'_>, size: usize, means: &mut [f32]) {
    let weights = View::new(weights, tile(means, size), values.count, values.count);
    let rows = View::new(values.values, values.count, size, values.stride);
    multiply(means, size, weights, rows, true, false);
}

/// How many rows of this width there are.
fn tile(numbers: &[f32], width: usize) -> usize {
    numbers.len().checked_div(width).unwrap_or(0)
}
