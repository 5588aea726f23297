//! Sums over whole tensors.

use candle_core::{DType, Tensor};

use super::fused;
use crate::Result;

/// The sum of the squares of all numbers of a tensor, which no gradient goes through.
pub fn sum_of_squares(x: &Tensor) -> Result<f64> {
    if fused::takes(&[x]) {
        return Ok(fused::sum_of_squares(x)?);
    }
    Ok(x.to_dtype(DType::F32)?
        .sqr()?
        .sum_all()?
        .to_dtype(DType::F64)?
        .to_scalar()?)
}
