//! The parts of attention that are not matrix products.

use std::ops::Range;

use candle_core::{D, DType, Tensor};

use super::fused;
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
/// its own, and of those only the last `window` if one is given.
pub fn causal_softmax(
    scores: &Tensor,
    scale: f64,
    first: usize,
    window: Option<usize>,
) -> Result<Tensor> {
    let scores = (scores * scale)?;
    let (rows, keys) = (scores.dim(D::Minus2)?, scores.dim(D::Minus1)?);
    let sees_all = rows == 1 && keys == first + 1 && window.is_none_or(|window| keys <= window);
    if sees_all {
        return softmax(&scores);
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
    softmax(&scores.broadcast_add(&mask)?)
}

/// Repeats each head of `[.., heads, rows, head_dim]` for its group of query heads: `[.., heads * group, rows, head_dim]`.
pub fn repeat_heads(x: &Tensor, group: usize) -> Result<Tensor> {
    if group == 1 {
        return Ok(x.clone());
    }
    let mut shape = x.dims().to_vec();
    let heads = shape.len() - 3;
    let repeated = vec![x; group];
    shape[heads] *= group;
    Ok(Tensor::stack(&repeated, heads + 1)?.reshape(shape)?)
}

/// Causal attention of whole sequences, or `None` where no fused operation takes these tensors.
///
/// `query`: `[rows, heads, head_dim]`; `key` and `value`: `[rows, key_value_heads, head_dim]`; the result is shaped like the query.
/// Each of `spans`, which cover the rows in order, is a sequence from its first position, and sees only itself; of that, a row sees
/// the last `window` positions if one is given.
pub fn attention(
    query: &Tensor,
    key: &Tensor,
    value: &Tensor,
    spans: Vec<Range<usize>>,
    scale: f64,
    window: Option<usize>,
) -> Result<Option<Tensor>> {
    if !fused::takes(&[query, key, value]) {
        return Ok(None);
    }
    Ok(Some(fused::attention(
        [query, key, value],
        spans,
        scale,
        window,
    )?))
}

/// The type that numbers are added up in: at least single precision.
pub(crate) fn wide(dtype: DType) -> DType {
    if dtype == DType::F64 {
        DType::F64
    } else {
        DType::F32
    }
}
