//! Hugging Face's config.json.

use serde_json::Value;

use super::{
    Activation, DecoderConfig, Family, LayerConfig, RotaryConfig, RotaryScaling, family::Sizes,
    keys::Keys,
};
use crate::{Error, Result};

impl DecoderConfig {
    /// Reads the contents of a config.json, of transformers 4 or 5.
    pub fn from_huggingface(json: &Value) -> Result<Self> {
        let Value::Object(map) = json else {
            return Err(Error::config("config.json", "is not a JSON object"));
        };
        let outer = Keys(map);
        let family = Family::of_name(outer.text("model_type")?.unwrap_or("missing"))?;
        // Gemma 3 with an image tower keeps the text model's keys one level down.
        let keys = outer.object("text_config")?.unwrap_or(outer);
        if family == Family::Gpt2 {
            gpt2(keys)
        } else {
            rotary_family(family, keys)
        }
    }
}

fn gpt2(keys: Keys<'_>) -> Result<DecoderConfig> {
    for switch in ["scale_attn_by_inverse_layer_idx", "add_cross_attention"] {
        if keys.flag(switch, false)? {
            return Err(Error::config(switch, "is true, which is not supported"));
        }
    }
    let (hidden, heads) = (keys.size("n_embd")?, keys.size("n_head")?);
    DecoderConfig::assemble(
        Family::Gpt2,
        Sizes {
            vocabulary: keys.size("vocab_size")?,
            hidden,
            heads,
            key_value_heads: heads,
            head_dim: divided("n_head", hidden, heads)?,
            context: keys.size("n_positions")?,
            width: keys.optional_size("n_inner")?.unwrap_or(4 * hidden),
            epsilon: keys.positive("layer_norm_epsilon", 1e-5)?,
            activation: activation(keys, "activation_function", Activation::GeluTanh)?,
            layers: DecoderConfig::same_layers(keys.size("n_layer")?, None),
            tied: keys.flag("tie_word_embeddings", true)?,
            attention_bias: true,
            mlp_bias: true,
            clip: None,
            query_scalar: None,
            experts: None,
        },
    )
}

fn rotary_family(family: Family, keys: Keys<'_>) -> Result<DecoderConfig> {
    let gemma = family == Family::Gemma3;
    for key in ["final_logit_softcapping", "attn_logit_softcapping"] {
        if keys.get(key).is_some() {
            return Err(Error::config(key, "is set, which is not supported"));
        }
    }
    if keys.flag("use_bidirectional_attention", false)? {
        return Err(Error::config(
            "use_bidirectional_attention",
            "is true, which is no decoder",
        ));
    }
    let (hidden, heads) = (keys.size("hidden_size")?, keys.size("num_attention_heads")?);
    let head_dim = match keys.optional_size("head_dim")? {
        Some(width) => width,
        None if gemma => 256,
        None => divided("num_attention_heads", hidden, heads)?,
    };
    let experts = match family {
        Family::Olmoe => Some((
            keys.size("num_experts")?,
            keys.size("num_experts_per_tok")?,
            keys.flag("norm_topk_prob", false)?,
        )),
        _ => None,
    };
    let default_activation = if gemma {
        Activation::GeluTanh
    } else {
        Activation::Silu
    };
    let default_epsilon = if matches!(family, Family::Olmo2 | Family::Olmoe) {
        1e-5
    } else {
        1e-6
    };
    DecoderConfig::assemble(
        family,
        Sizes {
            vocabulary: keys.size("vocab_size")?,
            hidden,
            heads,
            key_value_heads: keys.optional_size("num_key_value_heads")?.unwrap_or(heads),
            head_dim,
            context: keys.size("max_position_embeddings")?,
            width: keys.size("intermediate_size")?,
            epsilon: keys.positive("rms_norm_eps", default_epsilon)?,
            activation: activation(
                keys,
                if gemma {
                    "hidden_activation"
                } else {
                    "hidden_act"
                },
                default_activation,
            )?,
            layers: layers(family, keys)?,
            tied: keys.flag("tie_word_embeddings", gemma)?,
            attention_bias: keys.flag("attention_bias", false)?,
            mlp_bias: keys.flag("mlp_bias", false)?,
            clip: keys.optional_number("clip_qkv")?,
            query_scalar: if gemma {
                Some(keys.positive("query_pre_attn_scalar", 256.0)?)
            } else {
                None
            },
            experts,
        },
    )
}

/// The window and the rotary positions of every layer.
fn layers(family: Family, keys: Keys<'_>) -> Result<Vec<LayerConfig>> {
    let count = keys.size("num_hidden_layers")?;
    let windowed = windowed_layers(family, keys, count)?;
    let window = keys.optional_size("sliding_window")?;
    if windowed.contains(&true) && window.is_none() {
        return Err(Error::config(
            "sliding_window",
            "is missing, but some layers have one",
        ));
    }
    let (default_base, local_base) = match family {
        Family::Gemma3 => (1e6, Some(keys.positive("rope_local_base_freq", 1e4)?)),
        _ => (1e4, None),
    };
    let (full, local) = match keys.object("rope_parameters")? {
        // transformers 5, with one entry a kind of layer
        Some(both) if both.get("full_attention").is_some() => {
            let part = |kind: &str, base| match both.object(kind)? {
                Some(rope) => rotary(keys, rope, base),
                None => Err(Error::config(
                    format!("rope_parameters.{kind}"),
                    "is missing",
                )),
            };
            (
                part("full_attention", default_base)?,
                part("sliding_attention", 1e4)?,
            )
        }
        // transformers 5, one for all layers
        Some(rope) => {
            let same = rotary(keys, rope, default_base)?;
            (same.clone(), same)
        }
        // transformers 4
        None => {
            let base = keys.positive("rope_theta", default_base)?;
            let full = match keys.object("rope_scaling")? {
                Some(rope) => rotary(keys, rope, base)?,
                None => RotaryConfig {
                    base,
                    scaling: RotaryScaling::None,
                },
            };
            let local = local_base.map(|base| RotaryConfig {
                base,
                scaling: RotaryScaling::None,
            });
            (full.clone(), local.unwrap_or(full))
        }
    };
    let layer = |windowed| LayerConfig {
        window: if windowed { window } else { None },
        rotary: Some(if windowed {
            local.clone()
        } else {
            full.clone()
        }),
    };
    Ok(windowed.into_iter().map(layer).collect())
}

/// Which layers see a window only.
fn windowed_layers(family: Family, keys: Keys<'_>, count: usize) -> Result<Vec<bool>> {
    if let Some(Value::Array(kinds)) = keys.get("layer_types") {
        let windowed: Vec<bool> = kinds
            .iter()
            .map(|kind| match kind.as_str() {
                Some("full_attention") => Ok(false),
                Some("sliding_attention") => Ok(true),
                _ => Err(Error::config(
                    "layer_types",
                    format!("names {kind}, which is not known"),
                )),
            })
            .collect::<Result<_>>()?;
        if windowed.len() != count {
            return Err(Error::config(
                "layer_types",
                format!("has {} entries for {count} layers", windowed.len()),
            ));
        }
        return Ok(windowed);
    }
    Ok(match family {
        Family::Gemma3 => {
            let pattern = keys.optional_size("sliding_window_pattern")?.unwrap_or(6);
            (1..=count).map(|layer| layer % pattern != 0).collect()
        }
        Family::Qwen2 if keys.flag("use_sliding_window", false)? => {
            let first = keys.optional_size("max_window_layers")?.unwrap_or(28);
            (0..count).map(|layer| layer >= first).collect()
        }
        _ => vec![false; count],
    })
}

/// `rope_parameters` of transformers 5 or `rope_scaling` of transformers 4.
fn rotary(model: Keys<'_>, rope: Keys<'_>, default_base: f64) -> Result<RotaryConfig> {
    let base = rope.positive("rope_theta", default_base)?;
    let kind = rope
        .text("rope_type")?
        .or(rope.text("type")?)
        .unwrap_or("default");
    let factor = || match rope.optional_number("factor")? {
        Some(factor) if factor >= 1.0 => Ok(factor),
        _ => Err(Error::config(
            "rope_scaling.factor",
            "must be a number of at least 1",
        )),
    };
    let original_context = || match rope.optional_number("original_max_position_embeddings")? {
        Some(context) => Ok(context),
        None => model.positive("max_position_embeddings", 0.0),
    };
    let scaling = match kind {
        "default" => RotaryScaling::None,
        "linear" => RotaryScaling::Linear { factor: factor()? },
        "llama3" => RotaryScaling::Llama3 {
            factor: factor()?,
            low: rope.positive("low_freq_factor", 1.0)?,
            high: rope.positive("high_freq_factor", 4.0)?,
            original_context: original_context()?,
        },
        "yarn" => RotaryScaling::Yarn {
            factor: factor()?,
            fast: rope.positive("beta_fast", 32.0)?,
            slow: rope.positive("beta_slow", 1.0)?,
            original_context: original_context()?,
            magnitude: yarn_magnitude(rope, factor()?)?,
            truncate: rope.flag("truncate", true)?,
        },
        other => {
            return Err(Error::config(
                "rope_type",
                format!("is `{other}`, which is not supported"),
            ));
        }
    };
    Ok(RotaryConfig { base, scaling })
}

/// `attention_factor`, or by the paper's equation 22: `0.1 ln(factor) + 1`.
fn yarn_magnitude(rope: Keys<'_>, factor: f64) -> Result<f64> {
    if let Some(given) = rope.optional_number("attention_factor")? {
        return Ok(given);
    }
    let by = |scale: f64| {
        if factor <= 1.0 {
            1.0
        } else {
            0.1 * scale * factor.ln() + 1.0
        }
    };
    Ok(
        match (
            rope.optional_number("mscale")?,
            rope.optional_number("mscale_all_dim")?,
        ) {
            (Some(scale), Some(all)) if scale != 0.0 && all != 0.0 => by(scale) / by(all),
            _ => by(1.0),
        },
    )
}

fn activation(keys: Keys<'_>, key: &str, default: Activation) -> Result<Activation> {
    Ok(match keys.text(key)? {
        None => default,
        Some("silu" | "swish") => Activation::Silu,
        Some("gelu") => Activation::Gelu,
        Some("gelu_new" | "gelu_pytorch_tanh" | "gelu_fast") => Activation::GeluTanh,
        Some("relu") => Activation::Relu,
        Some(other) => {
            return Err(Error::config(
                key,
                format!("is `{other}`, which is not supported"),
            ));
        }
    })
}

fn divided(key: &str, hidden: usize, heads: usize) -> Result<usize> {
    if !hidden.is_multiple_of(heads) {
        return Err(Error::config(
            key,
            format!("is {heads}, which does not divide the width of {hidden}"),
        ));
    }
    Ok(hidden / heads)
}
