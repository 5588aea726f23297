//! Scores and weighted sums for a few queries: every key and value is read once, for all of them.

use super::super::lanes::{LANES, dot};
use super::super::level::{MultiplyAdd, for_every_level};
use super::unit::Rows;

for_every_level! {
    /// `scores[query][key]`.
    pub(super) fn scores(queries: &[f32], keys: Rows<'_>, size: usize, scores: &mut [f32]) = scores_body
}

#[inline(always)]
fn scores_body<M: MultiplyAdd>(queries: &[f32], keys: Rows<'_>, size: usize, scores: &mut [f32]) {
    for key in 0..keys.count {
        let row = &keys.values[key * keys.stride..key * keys.stride + size];
        for (query, scores) in queries
            .chunks_exact(size)
            .zip(scores.chunks_exact_mut(keys.count))
        {
            scores[key] = dot::<M>(query, row);
        }
    }
}

for_every_level! {
    /// `means[query] += Σ_key weights[query][key] · values[key]`.
    pub(super) fn add_values(weights: &[f32], values: Rows<'_>, size: usize, means: &mut [f32]) = add_values_body
}

#[inline(always)]
fn add_values_body<M: MultiplyAdd>(
    weights: &[f32],
    values: Rows<'_>,
    size: usize,
    means: &mut [f32],
) {
    for (weights, means) in weights
        .chunks_exact(values.count)
        .zip(means.chunks_exact_mut(size))
    {
        let mut at = 0;
        while at + 4 * LANES <= size {
            add_columns::<M, { 4 * LANES }>(weights, values, at, means);
            at += 4 * LANES;
        }
        while at + LANES <= size {
            add_columns::<M, LANES>(weights, values, at, means);
            at += LANES;
        }
        while at < size {
            add_columns::<M, 1>(weights, values, at, means);
            at += 1;
        }
    }
}

/// `N` columns, whose sums stay in registers over all keys.
#[inline(always)]
fn add_columns<M: MultiplyAdd, const N: usize>(
    weights: &[f32],
    values: Rows<'_>,
    at: usize,
    means: &mut [f32],
) {
    let mut sums = [0.0; N];
    sums.copy_from_slice(&means[at..at + N]);
    for (key, &weight) in weights.iter().enumerate() {
        let start = key * values.stride + at;
        let row = &values.values[start..start + N];
        for lane in 0..N {
            sums[lane] = M::multiply_add(weight, row[lane], sums[lane]);
        }
    }
    means[at..at + N].copy_from_slice(&sums);
}
