//! The length of gradients.

use candle_core::{Result, Tensor};
use rayon::prelude::*;

use super::data::Numbers;
use super::real::{Real, vectorised};

/// The sum of the squares of all numbers, partial sums in double precision and in order.
pub(super) fn sum<T: Real>(x: &Tensor) -> Result<f64> {
    let numbers = Numbers::<T>::of(x)?;
    let slice = numbers.read()?;
    let partial: Vec<f64> = slice
        .par_chunks(1 << 12)
        .map(|chunk| {
            vectorised(
                #[inline(always)]
                || {
                    let mut sums = [T::zero(); 16];
                    for piece in chunk.chunks(16) {
                        for (sum, &x) in sums.iter_mut().zip(piece) {
                            *sum += x * x;
                        }
                    }
                    sums.into_iter().map(candle_core::WithDType::to_f64).sum()
                },
            )
        })
        .collect();
    Ok(partial.into_iter().sum())
}
