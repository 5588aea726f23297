//! Rotation of queries and keys by their positions.

use candle_core::{D, Tensor};

use super::fused;
use crate::{Result, kernels::tensors};

/// Rotates each head's pairs `(x[i], x[i + half])` by the angle whose cosine and sine are given.
///
/// `x`: `[rows, heads, head_dim]`; `cosine` and `sine`: `[rows, head_dim / 2]`.
pub fn rope(x: &Tensor, cosine: &Tensor, sine: &Tensor) -> Result<Tensor> {
    if let Some(rotated) = tensors::rope(x, cosine, sine)? {
        return Ok(rotated);
    }
    if fused::takes(&[x, cosine, sine]) {
        return Ok(fused::rope(x, cosine, sine)?);
    }
    let half = x.dim(D::Minus1)? / 2;
    let (first, second) = (
        x.narrow(D::Minus1, 0, half)?,
        x.narrow(D::Minus1, half, half)?,
    );
    let (cosine, sine) = (cosine.unsqueeze(1)?, sine.unsqueeze(1)?);
    let rotated_first = first
        .broadcast_mul(&cosine)?
        .sub(&second.broadcast_mul(&sine)?)?;
    let rotated_second = second
        .broadcast_mul(&cosine)?
        .add(&first.broadcast_mul(&sine)?)?;
    Ok(Tensor::cat(&[rotated_first, rotated_second], D::Minus1)?)
}
