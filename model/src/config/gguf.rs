//! The metadata of a GGUF, by the keys of ggml's `docs/gguf.md`.

use super::{
    Activation, DecoderConfig, Family, LayerConfig, RotaryConfig, RotaryScaling, family::Sizes,
    keys::Keys,
};
use crate::{Error, Result, weights::Gguf};

/// Every sixth layer of Gemma 3 sees everything; GGUF does not say so.
const GEMMA_PATTERN: usize = 6;

impl DecoderConfig {
    /// Reads the shape of the decoder in a GGUF.
    pub fn from_gguf(file: &Gguf) -> Result<Self> {
        let keys = Keys(file.metadata());
        let name = keys.text("general.architecture")?.unwrap_or("missing");
        let family = Family::of_name(name)?;
        let key = |part: &str| format!("{name}.{part}");
        let missing = |name: &str| Error::MissingTensor {
            name: name.to_owned(),
        };
        let (_, table) = file
            .tensor("token_embd.weight")
            .ok_or_else(|| missing("token_embd.weight"))?;
        let hidden = keys.size(&key("embedding_length"))?;
        let heads = keys.size(&key("attention.head_count"))?;
        let head_dim = match keys.optional_size(&key("attention.key_length"))? {
            Some(width) => width,
            None if hidden.is_multiple_of(heads) => hidden / heads,
            None => {
                return Err(Error::config(
                    key("attention.head_count"),
                    "does not divide the width",
                ));
            }
        };
        let experts = match keys.optional_size(&key("expert_count"))? {
            Some(experts) => Some((experts, keys.size(&key("expert_used_count"))?, false)),
            None => None,
        };
        let epsilon = if family == Family::Gpt2 {
            "layer_norm_epsilon"
        } else {
            "layer_norm_rms_epsilon"
        };
        let gelu = matches!(family, Family::Gpt2 | Family::Gemma3);
        Self::assemble(
            family,
            Sizes {
                vocabulary: table[0],
                hidden,
                heads,
                key_value_heads: keys
                    .optional_size(&key("attention.head_count_kv"))?
                    .unwrap_or(heads),
                head_dim,
                context: keys.size(&key("context_length"))?,
                width: keys.size(&key("feed_forward_length"))?,
                epsilon: keys.positive(&key(&format!("attention.{epsilon}")), 1e-5)?,
                activation: if gelu {
                    Activation::GeluTanh
                } else {
                    Activation::Silu
                },
                layers: layers(file, family, keys, key)?,
                tied: file.tensor("output.weight").is_none(),
                attention_bias: file.tensor("blk.0.attn_q.bias").is_some(),
                mlp_bias: file.tensor("blk.0.ffn_up.bias").is_some(),
                clip: keys.optional_number(&key("attention.clamp_kqv"))?,
                query_scalar: None,
                experts,
            },
        )
    }
}

fn layers(
    file: &Gguf,
    family: Family,
    keys: Keys<'_>,
    key: impl Fn(&str) -> String,
) -> Result<Vec<LayerConfig>> {
    let count = keys.layers(&key("block_count"))?;
    if family == Family::Gpt2 {
        return Ok(DecoderConfig::same_layers(count, None));
    }
    let default_base = if family == Family::Gemma3 { 1e6 } else { 1e4 };
    let base = keys.positive(&key("rope.freq_base"), default_base)?;
    let scaling = match file.bytes("rope_freqs.weight") {
        // Llama 3's stretching, worked out by the converter.
        Some(bytes) => RotaryScaling::Divided {
            by: bytes
                .chunks_exact(4)
                .map(|b| f64::from(f32::from_le_bytes([b[0], b[1], b[2], b[3]])))
                .collect(),
        },
        None => scaling(keys, &key)?,
    };
    let full = RotaryConfig { base, scaling };
    let local = RotaryConfig {
        base: 1e4,
        scaling: RotaryScaling::None,
    };
    let window = keys.optional_size(&key("attention.sliding_window"))?;
    let layer = |index: usize| match window {
        Some(window) if family == Family::Gemma3 && !(index + 1).is_multiple_of(GEMMA_PATTERN) => {
            LayerConfig {
                window: Some(window),
                rotary: Some(local.clone()),
            }
        }
        _ => LayerConfig {
            window: None,
            rotary: Some(full.clone()),
        },
    };
    Ok((0..count).map(layer).collect())
}

fn scaling(keys: Keys<'_>, key: &impl Fn(&str) -> String) -> Result<RotaryScaling> {
    let factor = keys.positive(&key("rope.scaling.factor"), 1.0)?;
    Ok(match keys.text(&key("rope.scaling.type"))? {
        None | Some("none") => RotaryScaling::None,
        Some("linear") => RotaryScaling::Linear { factor },
        Some("yarn") => RotaryScaling::Yarn {
            factor,
            fast: 32.0,
            slow: 1.0,
            original_context: keys.positive(&key("rope.scaling.original_context_length"), 0.0)?,
            magnitude: 0.1 * factor.ln() + 1.0,
            truncate: true,
        },
        Some(other) => {
            let reason = format!("is `{other}`, which is not supported");
            return Err(Error::config(key("rope.scaling.type"), reason));
        }
    })
}
