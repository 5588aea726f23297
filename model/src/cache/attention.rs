//! Attention of one span over keys and values that lie in a row.

use candle_core::{D, Tensor};

use super::Attend;
use crate::{
    Result, Span, Taps, ops,
    taps::{Place, Point},
};

/// Keys and values of consecutive positions: `[key_value_heads, keys, head_dim]` both.
pub(super) struct Stretch {
    pub(super) key: Tensor,
    pub(super) value: Tensor,
    /// The position of the first key.
    pub(super) first: usize,
}

/// A span's rows of `[rows, heads, head_dim]`, heads first: `[heads, rows of the span, head_dim]`.
pub(super) fn heads_first(x: &Tensor, span: &Span) -> Result<Tensor> {
    let part = x.narrow(0, span.rows.start, span.rows.len())?;
    Ok(part.transpose(0, 1)?.contiguous()?)
}

/// What the span's queries read from the keys up to their own positions: `[rows of the span, heads, head_dim]`.
pub(super) fn attend_span(
    call: &Attend<'_>,
    span: &Span,
    stretch: &Stretch,
    taps: &mut dyn Taps,
) -> Result<Tensor> {
    let query = heads_first(call.query, span)?;
    let (heads, rows, head_dim) = query.dims3()?;
    let (key_value_heads, keys, _) = stretch.key.dims3()?;
    // The query heads of a group are rows of one product with the keys that they share.
    let grouped = (key_value_heads, heads / key_value_heads * rows, head_dim);
    let scores = query.reshape(grouped)?.matmul(&stretch.key.t()?)?;
    let scores = scores.reshape((heads, rows, keys))?;
    let before = span.start - stretch.first;
    let mut weights = ops::causal_softmax(&scores, call.scale, before, call.window)?;
    let place = Place {
        layer: call.layer,
        point: Point::AttentionWeights,
    };
    if taps.wants(place) {
        weights = taps.visit(place, span.rows.clone(), weights)?;
    }
    let weights = weights.reshape((key_value_heads, (), keys))?;
    let read = weights.contiguous()?.matmul(&stretch.value)?;
    debug_assert_eq!(read.dim(D::Minus1)?, head_dim, "values are as wide as keys");
    Ok(read.reshape((heads, rows, head_dim))?.transpose(0, 1)?)
}

/// Runs every span and lays the results one after the other: `[rows, heads, head_dim]`.
pub(super) fn for_every_span(
    call: &Attend<'_>,
    mut attend: impl FnMut(&Span) -> Result<Tensor>,
) -> Result<Tensor> {
    let outputs = call
        .batch
        .spans
        .iter()
        .map(&mut attend)
        .collect::<Result<Vec<_>>>()?;
    match outputs.as_slice() {
        [only] => Ok(only.contiguous()?),
        many => Ok(Tensor::cat(many, 0)?.contiguous()?),
    }
}
