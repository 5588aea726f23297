//! Attention over whole sequences.

use std::ops::Range;

use candle_core::Tensor;

use super::fused;
use crate::Result;

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
