//! One decoder, described by what varies between families.

use serde::{Deserialize, Serialize};

use super::RotaryConfig;

/// A family of decoders: how its files name things. What it computes is in the rest of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Family {
    /// GPT-2.
    Gpt2,
    /// Llama 2 and 3, SmolLM2.
    Llama,
    /// Qwen2 and Qwen2.5.
    Qwen2,
    /// Gemma 3, text only.
    Gemma3,
    /// OLMo 2.
    Olmo2,
    /// OLMoE.
    Olmoe,
}

/// The shape of a decoder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DecoderConfig {
    /// How its files name things.
    pub family: Family,
    /// Rows of the embedding.
    pub vocabulary: usize,
    /// Width of the residual stream.
    pub hidden: usize,
    /// Query heads.
    pub heads: usize,
    /// Heads of keys and values; query heads share them in equal groups.
    pub key_value_heads: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// Positions the model was made for.
    pub context: usize,
    /// What attention does in every layer.
    pub attention: AttentionConfig,
    /// What differs from layer to layer, one entry a layer.
    pub layers: Vec<LayerConfig>,
    /// The MLP of every layer.
    pub mlp: MlpConfig,
    /// The norms.
    pub norm: NormConfig,
    /// What embeddings are multiplied with (Gemma: the root of `hidden`).
    pub embedding_scale: Option<f64>,
    /// Whether the output projection is the embedding.
    pub tied: bool,
}

/// What attention does in every layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttentionConfig {
    /// What scores are multiplied with.
    pub scale: f64,
    /// Whether the projections of queries, keys and values have a bias.
    pub bias: bool,
    /// Whether the output projection has one.
    pub output_bias: bool,
    /// RMS norm of queries and keys before the rotation.
    pub query_key_norm: Option<QueryKeyNorm>,
    /// Queries, keys and values are clamped to plus or minus this.
    pub clip: Option<f64>,
}

/// Over what queries and keys are normed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum QueryKeyNorm {
    /// Over the whole projection, before it is split into heads (OLMo 2, OLMoE).
    Whole,
    /// Over each head with shared weights (Gemma 3).
    PerHead,
}

/// What differs from layer to layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayerConfig {
    /// A row sees this many positions, itself included; `None` for all before it.
    pub window: Option<usize>,
    /// Rotary positions; `None` where positions are learned embeddings.
    pub rotary: Option<RotaryConfig>,
}

/// The MLP of every layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum MlpConfig {
    /// `down(f(up(x)))`.
    Plain {
        /// Inner width.
        width: usize,
        /// `f`.
        activation: Activation,
        /// Whether both projections have a bias.
        bias: bool,
    },
    /// `down(f(gate(x)) * up(x))`.
    Gated {
        /// Inner width.
        width: usize,
        /// `f`.
        activation: Activation,
        /// Whether the projections have a bias.
        bias: bool,
    },
    /// The weighted sum of the gated MLPs of the chosen experts.
    Routed {
        /// How many experts there are.
        experts: usize,
        /// How many a token goes through.
        chosen: usize,
        /// Inner width of an expert.
        width: usize,
        /// `f`.
        activation: Activation,
        /// Whether the chosen experts' weights are made to add up to one.
        renormalize: bool,
    },
}

impl MlpConfig {
    /// The inner width, of each expert where there are several, and `f`.
    pub fn width_and_activation(&self) -> (usize, Activation) {
        match *self {
            Self::Plain {
                width, activation, ..
            }
            | Self::Gated {
                width, activation, ..
            }
            | Self::Routed {
                width, activation, ..
            } => (width, activation),
        }
    }
}

/// The non-linear function of an MLP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Activation {
    /// `x * sigmoid(x)`.
    Silu,
    /// `x * Phi(x)` by the error function.
    Gelu,
    /// The approximation of GELU by the hyperbolic tangent.
    GeluTanh,
    /// `max(x, 0)`.
    Relu,
}

/// The norms of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NormConfig {
    /// What a norm computes.
    pub kind: NormKind,
    /// Added to the variance.
    pub epsilon: f64,
    /// Where a layer norms.
    pub place: NormPlace,
}

/// What a norm computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum NormKind {
    /// Mean removed, divided by the standard deviation, weight and bias.
    Layer,
    /// Divided by the root mean square, times the weight.
    Rms,
    /// Divided by the root mean square, times one plus the weight (Gemma).
    RmsPlusOne,
}

/// Where a layer norms, seen from attention and MLP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum NormPlace {
    /// Their inputs.
    Before,
    /// Their outputs (OLMo 2).
    After,
    /// Both (Gemma 3).
    Both,
}
