//! The parts of attention that are not matrix products.

use candle_core::{D, DType, Tensor};

use crate::Result;

/// The softmax over the last dimension.
pub fn softmax(x: &Tensor) -> Result<Tensor> {
    // The maximum is a constant to the gradient: subtracting it changes no result.
    let shifted = x
        .broadcast_sub(&x.max_keepdim(D::Minus1)?.detach())?
        .exp()?;
    Ok(shifted.broadcast_div(&shifted.sum_keepdim(D::Minus1)?)?)
}

/// The softmax of `scores * scale` over the keys that a row may see.
///
/// `scores`: `[.., rows, keys]`, where key `j` is at position `j` and row `i` at position `first + i`. A row sees the positions up to
/// its own, and of those only the last `window` if one is given. Computed in single precision at least.
pub fn causal_softmax(
    scores: &Tensor,
    scale: f64,
    first: usize,
    window: Option<usize>,
) -> Result<Tensor> {
    let given = scores.dtype();
    let scores = (scores.to_dtype(wide(given))? * scale)?;
    let (rows, keys) = (scores.dim(D::Minus2)?, scores.dim(D::Minus1)?);
    let sees_all = rows == 1 && keys == first + 1 && window.is_none_or(|window| keys <= window);
    if sees_all {
        return Ok(softmax(&scores)?.to_dtype(given)?);
    }
    let hidden = (0..rows).flat_map(|row| {
        let position = first + row;
        (0..keys).map(move |key| {
            let seen = key <= position && window.is_none_or(|window| key + window > position);
            if seen { 0f32 } else { f32::NEG_INFINITY }
        })
    });
    let mask = Tensor::from_iter(hidden, scores.device())?
        .reshape((rows, keys))?
        .to_dtype(scores.dtype())?;
    Ok(softmax(&scores.broadcast_add(&mask)?)?.to_dtype(given)?)
}

/// The type that numbers are added up in: at least single precision.
pub(crate) fn wide(dtype: DType) -> DType {
    if dtype == DType::F64 {
        DType::F64
    } else {
        DType::F32
    }
}
