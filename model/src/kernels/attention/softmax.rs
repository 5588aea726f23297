//! The running softmax of each query.

use super::super::lanes::{LANES, exp, sum_lanes};
use super::super::level::{Level, MultiplyAdd, for_every_level};
use std::ops::Range;

/// What each query has seen so far.
pub(super) struct Running {
    largest: Vec<f32>,
    sums: Vec<f32>,
    /// `[queries][size]`: sums of values, weighted by `exp(score - largest)`.
    pub(super) means: Vec<f32>,
    size: usize,
}

impl Running {
    pub(super) fn new(queries: usize, size: usize) -> Self {
        Self {
            largest: vec![f32::NEG_INFINITY; queries],
            sums: vec![0.0; queries],
            means: vec![0.0; queries * size],
            size,
        }
    }

    /// Divides by the sums of weights: the result.
    pub(super) fn finish(&mut self) {
        for (means, sum) in self
            .means
            .chunks_exact_mut(self.size.max(1))
            .zip(&self.sums)
        {
            for value in means {
                *value /= sum;
            }
        }
    }
}

/// Turns the scores of one query over a block of keys into weights, 0 outside of `visible`, and brings what was summed before to the
/// new maximum.
pub(super) fn update(
    level: Level,
    scores: &mut [f32],
    visible: Range<usize>,
    running: &mut Running,
    query: usize,
) {
    scores[..visible.start].fill(0.0);
    scores[visible.end..].fill(0.0);
    if visible.is_empty() {
        return;
    }
    let old = running.largest[query];
    let (largest, sum) = weights(level, &mut scores[visible], old);
    let correction = if old == f32::NEG_INFINITY {
        0.0
    } else {
        (old - largest).exp()
    };
    running.largest[query] = largest;
    running.sums[query] = running.sums[query] * correction + sum;
    if correction.to_bits() != 1.0_f32.to_bits() {
        let size = running.size;
        running.means[query * size..(query + 1) * size]
            .iter_mut()
            .for_each(|value| *value *= correction);
    }
}

for_every_level! { fn weights(scores: &mut [f32], old: f32) -> (f32, f32) = weights_body }

/// Replaces scores by `exp(score - largest)`; returns the maximum and the sum. Scores that are not a number stay so.
#[inline(always)]
fn weights_body<M: MultiplyAdd>(scores: &mut [f32], old: f32) -> (f32, f32) {
    let mut lanes = [old; LANES];
    let (chunks, rest) = scores.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            lanes[lane] = if chunk[lane] > lanes[lane] {
                chunk[lane]
            } else {
                lanes[lane]
            };
        }
    }
    let largest =
        rest.iter().chain(&lanes).fold(
            old,
            |largest, &value| if value > largest { value } else { largest },
        );
    let mut sums = [0.0; LANES];
    let (chunks, rest) = scores.as_chunks_mut::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            chunk[lane] = exp::<M>(chunk[lane] - largest);
            sums[lane] += chunk[lane];
        }
    }
    let mut tail = 0.0;
    for value in rest {
        *value = exp::<M>(*value - largest);
        tail += *value;
    }
    (largest, sum_lanes(sums) + tail)
}
