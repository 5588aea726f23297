//! A projection `x Wᵀ + b`.

use std::sync::Arc;

use candle_core::Tensor;

use crate::{
    Result,
    kernels::Matrix,
    ops::{self, with_floats},
};

/// A matrix with or without a bias, kept in one of several ways.
#[derive(Debug, Clone)]
pub enum Linear {
    /// The matrix as a tensor.
    Dense {
        /// `[outputs, inputs]`.
        weight: Tensor,
        /// `[outputs]`.
        bias: Option<Tensor>,
    },
    /// The matrix as a GGUF stores it, repacked for products on the CPU. It has no gradient.
    Quantized {
        /// `[outputs, inputs]`.
        matrix: Arc<Matrix>,
        /// `[outputs]`.
        bias: Option<Tensor>,
    },
    /// A projection plus a product of two thin matrices (LoRA, Hu et al., arXiv 2106.09685): `base(x) + scale * up(down(x))`.
    LowRank {
        /// What is adapted.
        base: Box<Linear>,
        /// `[rank, inputs]`.
        down: Tensor,
        /// `[outputs, rank]`.
        up: Tensor,
        /// `alpha / rank`.
        scale: f64,
    },
}

impl Linear {
    /// `[rows, inputs]` to `[rows, outputs]`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Dense { weight, bias } => {
                let product = ops::linear(x, weight)?;
                Ok(match bias {
                    Some(bias) => product.broadcast_add(bias)?,
                    None => product,
                })
            }
            Self::Quantized { matrix, bias } => {
                let rows = x.dim(0)?;
                let mut product = vec![0f32; rows * matrix.rows()];
                with_floats(x, |x| Ok(matrix.multiply(x, rows, &mut product)?))?;
                let product = Tensor::from_vec(product, (rows, matrix.rows()), x.device())?;
                Ok(match bias {
                    Some(bias) => product.broadcast_add(bias)?,
                    None => product,
                })
            }
            Self::LowRank {
                base,
                down,
                up,
                scale,
            } => {
                let change = (ops::linear(&ops::linear(x, down)?, up)? * *scale)?;
                Ok(base.forward(x)?.add(&change)?)
            }
        }
    }
}
