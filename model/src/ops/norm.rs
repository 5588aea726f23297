//! Norms over the last dimension.

use candle_core::{D, Tensor};

use super::{fused, wide};
use crate::{Result, kernels::tensors};

/// `x / sqrt(mean(x²) + epsilon) * weight` (Zhang and Sennrich, arXiv 1910.07467); `weight` as wide as the last dimension of `x`.
pub fn rms_norm(x: &Tensor, weight: &Tensor, epsilon: f64) -> Result<Tensor> {
    if let Some(normed) = tensors::rms_norm(x, weight, epsilon)? {
        return Ok(normed);
    }
    if fused::takes(&[x, weight]) {
        return Ok(fused::rms_norm(x, weight, epsilon)?);
    }
    in_wide_numbers([x, weight], |[x, weight]| {
        let mean_square = x.sqr()?.mean_keepdim(D::Minus1)?;
        let scale = (mean_square + epsilon)?.sqrt()?.recip()?;
        Ok(x.broadcast_mul(&scale)?.broadcast_mul(weight)?)
    })
}

/// `(x - mean) / sqrt(variance + epsilon) * weight + bias` (Ba et al., arXiv 1607.06450).
pub fn layer_norm(x: &Tensor, weight: &Tensor, bias: &Tensor, epsilon: f64) -> Result<Tensor> {
    in_wide_numbers([x, weight, bias], |[x, weight, bias]| {
        let centred = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
        let variance = centred.sqr()?.mean_keepdim(D::Minus1)?;
        let scale = (variance + epsilon)?.sqrt()?.recip()?;
        Ok(centred
            .broadcast_mul(&scale)?
            .broadcast_mul(weight)?
            .broadcast_add(bias)?)
    })
}

/// Computes in single precision at least: sums of squares in half precision lose most of their digits.
fn in_wide_numbers<const N: usize>(
    tensors: [&Tensor; N],
    body: impl FnOnce([&Tensor; N]) -> Result<Tensor>,
) -> Result<Tensor> {
    let given = tensors[0].dtype();
    if given == wide(given) {
        return body(tensors);
    }
    let mut widened = Vec::with_capacity(N);
    for tensor in tensors {
        widened.push(tensor.to_dtype(wide(given))?);
    }
    Ok(body(std::array::from_fn(|index| &widened[index]))?.to_dtype(given)?)
}
