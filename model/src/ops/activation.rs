//! Non-linear functions, alone and as the gate of an MLP.

use candle_core::Tensor;

use super::fused;
use crate::{Result, config::Activation, kernels::tensors};

/// `f(x)`, element by element.
pub fn activate(activation: Activation, x: &Tensor) -> Result<Tensor> {
    Ok(match activation {
        Activation::Silu => x.silu()?,
        Activation::Gelu => x.gelu_erf()?,
        Activation::GeluTanh => x.gelu()?,
        Activation::Relu => x.relu()?,
    })
}

/// `f(gate) * up`, element by element; both of one shape.
pub fn activate_and_multiply(activation: Activation, gate: &Tensor, up: &Tensor) -> Result<Tensor> {
    if activation == Activation::Silu {
        if let Some(product) = tensors::silu_multiply(gate, up)? {
            return Ok(product);
        }
        if fused::takes(&[gate, up]) {
            return Ok(fused::silu_multiply(gate, up)?);
        }
    }
    Ok(activate(activation, gate)?.mul(up)?)
}
