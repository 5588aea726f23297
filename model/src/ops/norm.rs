//! Norms over the last dimension.

use candle_core::{D, Tensor};

use super::fused;
use crate::{Result, kernels::tensors};

/// `x / sqrt(mean(x²) + epsilon) * weight` (Zhang and Sennrich, arXiv 1910.07467); `weight` as wide as the last dimension of `x`.
pub fn rms_norm(x: &Tensor, weight: &Tensor, epsilon: f64) -> Result<Tensor> {
    if let Some(normed) = tensors::rms_norm(x, weight, epsilon)? {
        return Ok(normed);
    }
    if fused::takes(&[x, weight]) {
        return Ok(fused::rms_norm(x, weight, epsilon)?);
    }
    let mean_square = x.sqr()?.mean_keepdim(D::Minus1)?;
    let scale = (mean_square + epsilon)?.sqrt()?.recip()?;
    Ok(x.broadcast_mul(&scale)?.broadcast_mul(weight)?)
}

/// `(x - mean) / sqrt(variance + epsilon) * weight + bias` (Ba et al., arXiv 1607.06450).
pub fn layer_norm(x: &Tensor, weight: &Tensor, bias: &Tensor, epsilon: f64) -> Result<Tensor> {
    let centred = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
    let variance = centred.sqr()?.mean_keepdim(D::Minus1)?;
    let scale = (variance + epsilon)?.sqrt()?.recip()?;
    Ok(centred
        .broadcast_mul(&scale)?
        .broadcast_mul(weight)?
        .broadcast_add(bias)?)
}
