//! A norm with its weights.

use candle_core::Tensor;

use crate::{Result, Weights, config::NormKind, ops};

/// A norm over the last dimension.
#[derive(Debug, Clone)]
pub enum Norm {
    /// Mean removed, divided by the standard deviation.
    Layer {
        /// What the result is multiplied with.
        weight: Tensor,
        /// What is added then.
        bias: Tensor,
        /// Added to the variance.
        epsilon: f64,
    },
    /// Divided by the root mean square.
    Rms {
        /// What the result is multiplied with, less one if `plus_one`.
        weight: Tensor,
        /// Whether one is added to the weight.
        plus_one: bool,
        /// Added to the mean square.
        epsilon: f64,
    },
}

impl Norm {
    /// The norm `name.weight` (and `name.bias`) over `width` numbers.
    pub fn new(
        kind: NormKind,
        epsilon: f64,
        name: &str,
        width: usize,
        weights: &mut dyn Weights,
    ) -> Result<Self> {
        let weight = weights.tensor(&format!("{name}.weight"), &[width])?;
        Ok(match kind {
            NormKind::Layer => {
                let bias = weights.tensor(&format!("{name}.bias"), &[width])?;
                Self::Layer {
                    weight,
                    bias,
                    epsilon,
                }
            }
            NormKind::Rms | NormKind::RmsPlusOne => Self::Rms {
                weight,
                plus_one: kind == NormKind::RmsPlusOne,
                epsilon,
            },
        })
    }

    /// Norms the last dimension of `x`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Layer {
                weight,
                bias,
                epsilon,
            } => ops::layer_norm(x, weight, bias, *epsilon),
            Self::Rms {
                weight,
                plus_one: false,
                epsilon,
            } => ops::rms_norm(x, weight, *epsilon),
            Self::Rms {
                weight,
                plus_one: true,
                epsilon,
            } => ops::rms_norm(x, &(weight + 1.0)?, *epsilon),
        }
    }
}
