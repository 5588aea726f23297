//! The cross-entropy of logits, weighted by row. The gradient is written over nothing but its own memory.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use super::data::{self, Numbers, by_dtype, by_format};
use super::real::{Real, vectorised};

/// Rows that one thread takes at a time.
const ROWS: usize = 8;

/// `Σ weight[i] * (logsumexp(logits[i]) - logits[i][target[i]])`, one number; a row of weight zero is not even looked at.
pub(super) struct CrossEntropy {
    pub(super) targets: Vec<u32>,
    pub(super) weights: Vec<f32>,
}

impl CustomOp1 for CrossEntropy {
    fn name(&self) -> &'static str {
        "cross_entropy"
    }

    fn cpu_fwd(&self, logits: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        by_format!(logits, forward(self, logits, layout))
    }

    fn bwd(&self, logits: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        by_dtype!(logits, backward(self, logits, gradient))
    }
}

/// The largest logit, and the logarithm of the sum of the exponentials.
#[inline(always)]
#[expect(
    clippy::inline_always,
    reason = "only inlined does it become part of its caller's vector loop"
)]
fn log_sum_exp<T: Real>(row: &[T]) -> T {
    // Not `Float::max`, which would hide a NaN.
    let largest = row
        .iter()
        .copied()
        .fold(T::neg_infinity(), |a, b| if a > b { a } else { b });
    let mut sums = [T::zero(); 16];
    let chunks = row.chunks_exact(16);
    let rest: T = chunks
        .remainder()
        .iter()
        .map(|&x| (x - largest).exponential())
        .sum();
    for chunk in chunks {
        for (sum, &x) in sums.iter_mut().zip(chunk) {
            *sum += (x - largest).exponential();
        }
    }
    largest + (sums.into_iter().sum::<T>() + rest).ln()
}

fn forward<T: Real>(
    op: &CrossEntropy,
    logits: &CpuStorage,
    layout: &Layout,
) -> Result<(CpuStorage, Shape)> {
    let (rows, width) = layout.shape().dims2()?;
    if rows != op.targets.len() || rows != op.weights.len() {
        bail!(
            "{rows} rows of logits, {} targets, {} weights",
            op.targets.len(),
            op.weights.len()
        );
    }
    if let Some(target) = op.targets.iter().find(|&&target| target as usize >= width) {
        bail!("the target {target} is outside of the vocabulary of {width}");
    }
    let logits = data::slice::<T>(logits, layout)?;
    let losses: Vec<f64> = logits
        .par_chunks(width)
        .zip(&op.targets)
        .zip(&op.weights)
        .with_min_len(ROWS)
        .map(|((row, &target), &weight)| {
            if weight == 0.0 {
                return 0.0;
            }
            let total = vectorised(
                #[inline(always)]
                || log_sum_exp(row),
            );
            f64::from(weight) * candle_core::WithDType::to_f64(total - row[target as usize])
        })
        .collect();
    // In double precision and in order: the sum of many rows keeps its last digits and does not depend on threads.
    Ok(data::result(vec![T::constant(losses.iter().sum())], ()))
}

fn backward<T: Real>(
    op: &CrossEntropy,
    logits: &Tensor,
    gradient: &Tensor,
) -> Result<Option<Tensor>> {
    let width = logits.dim(1)?;
    let outer = T::constant(
        gradient
            .to_dtype(candle_core::DType::F64)?
            .to_scalar::<f64>()?,
    );
    let numbers = Numbers::<T>::of(logits)?;
    let rows = numbers.read()?;
    let mut out = vec![T::zero(); rows.len()];
    out.par_chunks_mut(width)
        .zip(rows.par_chunks(width))
        .zip(&op.targets)
        .zip(&op.weights)
        .with_min_len(ROWS)
        .filter(|(_, weight)| **weight != 0.0)
        .for_each(|(((out, row), &target), &weight)| {
            let factor = outer * T::constant(f64::from(weight));
            vectorised(
                #[inline(always)]
                || {
                    let total = log_sum_exp(row);
                    for (out, &x) in out.iter_mut().zip(row) {
                        *out = (x - total).exponential() * factor;
                    }
                },
            );
            out[target as usize] -= factor;
        });
    Ok(Some(data::like(out, logits)?))
}
