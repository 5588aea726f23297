//! What each family computes, given its sizes.

use super::{
    Activation, AttentionConfig, DecoderConfig, Family, LayerConfig, MlpConfig, NormConfig,
    NormKind, NormPlace, QueryKeyNorm, RotaryConfig,
};
use crate::{Error, Result};

/// The sizes and switches that files give, in whatever format.
#[derive(Debug, Clone)]
pub(crate) struct Sizes {
    pub(crate) vocabulary: usize,
    pub(crate) hidden: usize,
    pub(crate) heads: usize,
    pub(crate) key_value_heads: usize,
    pub(crate) head_dim: usize,
    pub(crate) context: usize,
    /// Inner width of the MLP, or of one expert.
    pub(crate) width: usize,
    pub(crate) epsilon: f64,
    pub(crate) activation: Activation,
    /// One entry a layer.
    pub(crate) layers: Vec<LayerConfig>,
    pub(crate) tied: bool,
    pub(crate) attention_bias: bool,
    pub(crate) mlp_bias: bool,
    pub(crate) clip: Option<f64>,
    /// Scores are divided by the root of this instead of that of the head's width.
    pub(crate) query_scalar: Option<f64>,
    /// Experts, chosen ones, and whether their weights are renormalised.
    pub(crate) experts: Option<(usize, usize, bool)>,
}

impl Family {
    /// The families by the names that Hugging Face's `model_type` and GGUF's `general.architecture` give them.
    const NAMES: [(&'static str, Self); 8] = [
        ("gpt2", Self::Gpt2),
        ("llama", Self::Llama),
        ("qwen2", Self::Qwen2),
        ("gemma3", Self::Gemma3),
        ("gemma3_text", Self::Gemma3),
        ("olmo2", Self::Olmo2),
        ("olmoe", Self::Olmoe),
        ("smollm", Self::Llama),
    ];

    /// The family of this name.
    pub fn of_name(name: &str) -> Result<Self> {
        let found = Self::NAMES.iter().find(|(known, _)| *known == name);
        found
            .map(|&(_, family)| family)
            .ok_or_else(|| Error::Architecture {
                name: name.to_owned(),
                known: Self::NAMES.map(|(known, _)| known).join(", "),
            })
    }

    /// Hugging Face's `model_type`.
    pub fn model_type(self) -> &'static str {
        match self {
            Self::Gpt2 => "gpt2",
            Self::Llama => "llama",
            Self::Qwen2 => "qwen2",
            Self::Gemma3 => "gemma3_text",
            Self::Olmo2 => "olmo2",
            Self::Olmoe => "olmoe",
        }
    }

    /// The class of transformers that runs the family.
    pub fn class(self) -> &'static str {
        match self {
            Self::Gpt2 => "GPT2LMHeadModel",
            Self::Llama => "LlamaForCausalLM",
            Self::Qwen2 => "Qwen2ForCausalLM",
            Self::Gemma3 => "Gemma3ForCausalLM",
            Self::Olmo2 => "Olmo2ForCausalLM",
            Self::Olmoe => "OlmoeForCausalLM",
        }
    }

    fn norm(self) -> (NormKind, NormPlace) {
        match self {
            Self::Gpt2 => (NormKind::Layer, NormPlace::Before),
            Self::Llama | Self::Qwen2 | Self::Olmoe => (NormKind::Rms, NormPlace::Before),
            Self::Gemma3 => (NormKind::RmsPlusOne, NormPlace::Both),
            Self::Olmo2 => (NormKind::Rms, NormPlace::After),
        }
    }

    fn query_key_norm(self) -> Option<QueryKeyNorm> {
        match self {
            Self::Gpt2 | Self::Llama | Self::Qwen2 => None,
            Self::Gemma3 => Some(QueryKeyNorm::PerHead),
            Self::Olmo2 | Self::Olmoe => Some(QueryKeyNorm::Whole),
        }
    }
}

impl DecoderConfig {
    /// What the family computes at these sizes, if they go together.
    #[expect(clippy::cast_precision_loss, reason = "widths are far below 2^52")]
    pub(crate) fn assemble(family: Family, sizes: Sizes) -> Result<Self> {
        let (kind, place) = family.norm();
        let Sizes {
            width,
            activation,
            mlp_bias: bias,
            ..
        } = sizes;
        let mlp = match (family, sizes.experts) {
            (Family::Gpt2, _) => MlpConfig::Plain {
                width,
                activation,
                bias: true,
            },
            (_, Some((experts, chosen, renormalize))) => MlpConfig::Routed {
                experts,
                chosen,
                width,
                activation,
                renormalize,
            },
            (_, None) => MlpConfig::Gated {
                width,
                activation,
                bias,
            },
        };
        let (bias, output_bias) = match family {
            Family::Gpt2 => (true, true),
            Family::Qwen2 => (true, false),
            _ => (sizes.attention_bias, sizes.attention_bias),
        };
        let scale = sizes
            .query_scalar
            .unwrap_or(sizes.head_dim as f64)
            .sqrt()
            .recip();
        let config = Self {
            family,
            vocabulary: sizes.vocabulary,
            hidden: sizes.hidden,
            heads: sizes.heads,
            key_value_heads: sizes.key_value_heads,
            head_dim: sizes.head_dim,
            context: sizes.context,
            attention: AttentionConfig {
                scale,
                bias,
                output_bias,
                query_key_norm: family.query_key_norm(),
                clip: sizes.clip,
            },
            layers: sizes.layers,
            mlp,
            norm: NormConfig {
                kind,
                epsilon: sizes.epsilon,
                place,
            },
            embedding_scale: (family == Family::Gemma3).then(|| (sizes.hidden as f64).sqrt()),
            tied: sizes.tied,
        };
        config.check()?;
        Ok(config)
    }

    /// Whether the sizes go together.
    pub fn check(&self) -> Result<()> {
        let Self {
            heads,
            key_value_heads,
            head_dim,
            ..
        } = *self;
        if self.vocabulary == 0 || self.hidden == 0 || self.context == 0 || heads == 0 {
            return Err(Error::config(
                "hidden_size",
                "and the other sizes must be above 0",
            ));
        }
        if key_value_heads == 0 || heads % key_value_heads != 0 {
            let reason = format!("is {key_value_heads}, which does not divide the {heads} heads");
            return Err(Error::config("num_key_value_heads", reason));
        }
        if head_dim == 0
            || (!head_dim.is_multiple_of(2)
                && self.layers.iter().any(|layer| layer.rotary.is_some()))
        {
            let reason = format!("is {head_dim}, but rotations need pairs of numbers");
            return Err(Error::config("head_dim", reason));
        }
        if self.layers.is_empty() {
            return Err(Error::config("num_hidden_layers", "is 0"));
        }
        match self.mlp {
            MlpConfig::Routed {
                experts, chosen, ..
            } if chosen == 0 || chosen > experts => {
                let reason = format!("is {chosen}, but there are {experts} experts");
                Err(Error::config("num_experts_per_tok", reason))
            }
            _ => Ok(()),
        }
    }

    /// The same rotary positions and window in every layer.
    pub(crate) fn same_layers(count: usize, rotary: Option<&RotaryConfig>) -> Vec<LayerConfig> {
        vec![
            LayerConfig {
                window: None,
                rotary: rotary.cloned()
            };
            count
        ]
    }
}
