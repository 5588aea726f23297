//! The projection that most of a model's work is.

use candle_core::Tensor;

use super::fused;
use crate::Result;

/// `x Wᵀ`: `[rows, inputs]` and `[outputs, inputs]` to `[rows, outputs]`.
pub fn linear(x: &Tensor, weight: &Tensor) -> Result<Tensor> {
    if x.rank() == 2 && fused::takes(&[x, weight]) {
        return Ok(fused::linear(x, weight)?);
    }
    Ok(x.matmul(&weight.t()?)?)
}
