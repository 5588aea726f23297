//! Matrices of plain floats: 32 or 16 bits a weight.
//!
//! Many rows go to the `gemm` crate, 16-bit weights a few hundred kilobytes at a time through a scratch of floats. Few rows are
//! dot products at the pace of memory; each element is summed in 16 interleaved partial sums.

use super::half_float::{is_finite, to_f32};
use super::level::{Level, MultiplyAdd, for_every_level};
use super::pool::Pool;
use super::shared::Shared;
use super::{Format, KernelError};
use crate::product::{View, multiply};

/// Weights, row by row.
pub(super) enum Dense {
    /// 32-bit floats.
    F32(Vec<f32>),
    /// Bits of 16-bit floats.
    F16(Vec<u16>),
}

/// Rows up to which dot products are used.
const FEW: usize = 4;
/// Rows of weights handled at a time.
const STRIP: usize = 64;

impl Dense {
    pub(super) fn new(format: Format, bytes: &[u8], columns: usize) -> Result<Self, KernelError> {
        let (made, bad) = if format == Format::F32 {
            let values: Vec<f32> = bytes
                .as_chunks::<4>()
                .0
                .iter()
                .map(|&four| f32::from_le_bytes(four))
                .collect();
            let bad = values.iter().position(|value| !value.is_finite());
            (Self::F32(values), bad)
        } else {
            let values: Vec<u16> = bytes
                .as_chunks::<2>()
                .0
                .iter()
                .map(|&two| u16::from_le_bytes(two))
                .collect();
            let bad = values.iter().position(|&bits| !is_finite(bits));
            (Self::F16(values), bad)
        };
        bad.map_or(Ok(made), |index| {
            Err(KernelError::NotFinite {
                row: index / columns.max(1),
            })
        })
    }

    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::F32(values) => 4 * values.len(),
            Self::F16(values) => 2 * values.len(),
        }
    }

    pub(super) fn row(&self, row: usize, out: &mut [f32]) {
        let range = row * out.len()..(row + 1) * out.len();
        match self {
            Self::F32(values) => out.copy_from_slice(&values[range]),
            Self::F16(values) => out
                .iter_mut()
                .zip(&values[range])
                .for_each(|(out, &bits)| *out = to_f32(bits)),
        }
    }

    /// `out[r][n] = Σ x[r][k] · w[n][k]`; shapes are the caller's to check.
    pub(super) fn multiply(
        &self,
        level: Level,
        pool: &Pool,
        x: &[f32],
        columns: usize,
        out: &mut [f32],
    ) {
        if columns == 0 || x.is_empty() {
            out.fill(0.0);
            return;
        }
        let rows_of_x = x.len() / columns;
        let rows = out.len() / rows_of_x;
        let shared = Shared::new(out);
        pool.run(rows.div_ceil(STRIP), &|strip| {
            let lanes = strip * STRIP..rows.min((strip + 1) * STRIP);
            let mut scratch = Vec::new();
            let weights = match self {
                Self::F32(values) => &values[lanes.start * columns..lanes.end * columns],
                Self::F16(values) => {
                    scratch.resize(lanes.len() * columns, 0.0);
                    widen(
                        level,
                        &values[lanes.start * columns..lanes.end * columns],
                        &mut scratch,
                    );
                    &scratch[..]
                }
            };
            // Results of a strip, then copied to the rows of `out`: parts of rows that only this chunk has.
            let mut results = vec![0.0; rows_of_x * lanes.len()];
            if rows_of_x <= FEW {
                dots(level, x, weights, columns, &mut results);
            } else {
                let rows = View::new(x, rows_of_x, columns, columns);
                let across = View::new(weights, lanes.len(), columns, columns).transposed();
                multiply(&mut results, lanes.len(), rows, across, false, false);
            }
            for (row, results) in results.chunks_exact(lanes.len()).enumerate() {
                // SAFETY: chunks have lanes of their own.
                let target =
                    unsafe { shared.part(row * rows + lanes.start..row * rows + lanes.end) };
                target.copy_from_slice(results);
            }
        });
    }
}

for_every_level! { fn widen(bits: &[u16], out: &mut [f32]) = widen_body }

#[inline(always)]
fn widen_body<M>(bits: &[u16], out: &mut [f32]) {
    for (out, &bits) in out.iter_mut().zip(bits) {
        *out = to_f32(bits);
    }
}

for_every_level! { fn dots(x: &[f32], weights: &[f32], columns: usize, out: &mut [f32]) = dots_body }

#[inline(always)]
fn dots_body<M: MultiplyAdd>(x: &[f32], weights: &[f32], columns: usize, out: &mut [f32]) {
    let rows = weights.len() / columns;
    for (x, out) in x.chunks_exact(columns).zip(out.chunks_exact_mut(rows)) {
        for (weights, out) in weights.chunks_exact(columns).zip(out) {
            *out = super::lanes::dot::<M>(x, weights);
        }
    }
}
