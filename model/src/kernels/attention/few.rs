//! Scores and weighted sums for a few queries: every key and value is read once, for all of them.
//!
//! Sums run over columns and over keys in the order in which a matrix product takes them, so that a query gets the same bits here
//! and among many. That is not for beauty: the next product rounds to 8 bits, where a last bit may become a hundredth.

use super::super::lanes::LANES;
use super::super::level::{MultiplyAdd, for_every_level};
use super::unit::Rows;

/// Queries that are multiplied with a key at the same time, a lane each.
const QUERIES: usize = 8;
/// Keys at a time, so that sums do not wait for each other.
const KEYS: usize = 8;

for_every_level! {
    /// `scores[query][key]`.
    pub(super) fn scores(queries: &[f32], keys: Rows<'_>, size: usize, scores: &mut [f32]) = scores_body
}

#[inline(always)]
fn scores_body<M: MultiplyAdd>(queries: &[f32], keys: Rows<'_>, size: usize, scores: &mut [f32]) {
    let mut across = vec![[0.0; QUERIES]; size];
    for (queries, scores) in queries
        .chunks(QUERIES * size)
        .zip(scores.chunks_mut(QUERIES * keys.count))
    {
        for (lane, query) in queries.chunks_exact(size).enumerate() {
            for (across, &value) in across.iter_mut().zip(query) {
                across[lane] = value;
            }
        }
        let mut key = 0;
        while key + KEYS <= keys.count {
            score_keys::<M, KEYS>(&across, keys, key, scores);
            key += KEYS;
        }
        while key < keys.count {
            score_keys::<M, 1>(&across, keys, key, scores);
            key += 1;
        }
    }
}

/// `N` keys from `first` on, with every query.
#[inline(always)]
fn score_keys<M: MultiplyAdd, const N: usize>(
    across: &[[f32; QUERIES]],
    keys: Rows<'_>,
    first: usize,
    scores: &mut [f32],
) {
    let size = across.len();
    let rows: [&[f32]; N] =
        std::array::from_fn(|key| &keys.values[(first + key) * keys.stride..][..size]);
    let mut sums = [[0.0; QUERIES]; N];
    for (column, queries) in across.iter().enumerate() {
        for key in 0..N {
            let value = rows[key][column];
            for lane in 0..QUERIES {
                sums[key][lane] = M::multiply_add(queries[lane], value, sums[key][lane]);
            }
        }
    }
    for (lane, scores) in scores.chunks_exact_mut(keys.count).enumerate() {
        for key in 0..N {
            scores[first + key] = sums[key][lane];
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
    for (key, &weight) in weights.iter().enumerate() {
        let start = key * values.stride + at;
        let row = &values.values[start..start + N];
        for lane in 0..N {
            sums[lane] = M::multiply_add(weight, row[lane], sums[lane]);
        }
    }
    for (mean, sum) in means[at..at + N].iter_mut().zip(sums) {
        *mean += sum;
    }
}
