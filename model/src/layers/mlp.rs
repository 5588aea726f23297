//! The MLP of a layer.

use candle_core::Tensor;

use super::{Experts, Linear};
use crate::{
    Result, Taps, Weights,
    config::{Activation, MlpConfig},
    ops,
};

/// The MLP of a layer, in one of three kinds.
#[derive(Debug, Clone)]
pub enum Mlp {
    /// `down(f(up(x)))`.
    Plain {
        /// Widens.
        up: Linear,
        /// Narrows.
        down: Linear,
        /// `f`.
        activation: Activation,
    },
    /// `down(f(gate(x)) * up(x))`.
    Gated {
        /// Widens, and goes through `f`.
        gate: Linear,
        /// Widens.
        up: Linear,
        /// Narrows.
        down: Linear,
        /// `f`.
        activation: Activation,
    },
    /// Some of many gated ones for each token.
    Routed(Experts),
}

impl Mlp {
    /// The MLP of a layer, from the tensors under `name`.
    pub fn new(
        config: &MlpConfig,
        hidden: usize,
        layer: usize,
        name: &str,
        weights: &mut dyn Weights,
    ) -> Result<Self> {
        let mut linear = |part: &str, inputs, outputs, bias| {
            weights.linear(&format!("{name}.{part}"), inputs, outputs, bias)
        };
        Ok(match *config {
            MlpConfig::Plain {
                width,
                activation,
                bias,
            } => Self::Plain {
                up: linear("up_proj", hidden, width, bias)?,
                down: linear("down_proj", width, hidden, bias)?,
                activation,
            },
            MlpConfig::Gated {
                width,
                activation,
                bias,
            } => Self::Gated {
                gate: linear("gate_proj", hidden, width, bias)?,
                up: linear("up_proj", hidden, width, bias)?,
                down: linear("down_proj", width, hidden, bias)?,
                activation,
            },
            MlpConfig::Routed { .. } => {
                Self::Routed(Experts::new(config, hidden, layer, name, weights)?)
            }
        })
    }

    /// `[rows, hidden]` to `[rows, hidden]`.
    pub fn forward(&self, x: &Tensor, taps: &mut dyn Taps) -> Result<Tensor> {
        match self {
            Self::Plain {
                up,
                down,
                activation,
            } => down.forward(&ops::activate(*activation, &up.forward(x)?)?),
            Self::Gated {
                gate,
                up,
                down,
                activation,
            } => {
                let inner =
                    ops::activate_and_multiply(*activation, &gate.forward(x)?, &up.forward(x)?)?;
                down.forward(&inner)
            }
            Self::Routed(experts) => experts.forward(x, taps),
        }
    }
}
