//! Operations that do in one pass what a composition of tensor operations does in many, with gradients that do the same.
//!
//! They run on the CPU in single and double precision (the latter for checks against finite differences); [`takes`] tells
//! whether they take a tensor. Every one is checked against the plain composition that it stands for.

mod attention;
mod attention_backward;
mod cross_entropy;
mod data;
mod gate;
mod linear;
mod norm;
mod real;
mod rope;
mod squares;

use std::ops::Range;
use std::sync::OnceLock;

use candle_core::{Result, Tensor};

pub(crate) use data::takes;
pub(crate) use real::vectorised;

/// See [`super::linear`]; both contiguous or not.
pub(super) fn linear(x: &Tensor, weight: &Tensor) -> Result<Tensor> {
    x.contiguous()?
        .apply_op2(&weight.contiguous()?, linear::Linear)
}

/// See [`super::rms_norm`].
pub(super) fn rms_norm(x: &Tensor, weight: &Tensor, epsilon: f64) -> Result<Tensor> {
    x.contiguous()?
        .apply_op2(&weight.contiguous()?, norm::RmsNorm { epsilon })
}

/// See [`super::rope`].
pub(super) fn rope(x: &Tensor, cosine: &Tensor, sine: &Tensor) -> Result<Tensor> {
    let (cosine, sine) = (cosine.contiguous()?, sine.contiguous()?);
    x.contiguous()?
        .apply_op3(&cosine, &sine, rope::Rope { backwards: false })
}

/// `silu(gate) * up`.
pub(super) fn silu_multiply(gate: &Tensor, up: &Tensor) -> Result<Tensor> {
    gate.contiguous()?
        .apply_op2(&up.contiguous()?, gate::SiluMultiply)
}

/// See [`super::cross_entropy`].
pub(super) fn cross_entropy(
    logits: &Tensor,
    targets: Vec<u32>,
    weights: Vec<f32>,
) -> Result<Tensor> {
    logits
        .contiguous()?
        .apply_op1(cross_entropy::CrossEntropy { targets, weights })
}

/// See [`super::attention`].
pub(super) fn attention(
    [query, key, value]: [&Tensor; 3],
    spans: Vec<Range<usize>>,
    scale: f64,
    window: Option<usize>,
) -> Result<Tensor> {
    let operation = attention::Attention {
        spans,
        scale,
        window,
        normalisers: OnceLock::new(),
    };
    query
        .contiguous()?
        .apply_op3(&key.contiguous()?, &value.contiguous()?, operation)
}

/// See [`super::sum_of_squares`].
pub(super) fn sum_of_squares(x: &Tensor) -> Result<f64> {
    use squares::sum;
    data::by_dtype!(x, sum(x))
}
