//! A decoder's configuration as transformers 4 and 5 read it.

use serde_json::{Map, Value, json};

use super::{Activation, DecoderConfig, Family, MlpConfig, RotaryConfig, RotaryScaling};
use crate::{Error, Result};

impl DecoderConfig {
    /// The contents of a config.json.
    pub fn to_huggingface(&self) -> Result<Value> {
        let mut json = if self.family == Family::Gpt2 {
            self.gpt2()
        } else {
            self.rotary_family()?
        };
        json["model_type"] = self.family.model_type().into();
        json["architectures"] = json!([self.family.class()]);
        json["vocab_size"] = self.vocabulary.into();
        json["tie_word_embeddings"] = self.tied.into();
        Ok(json)
    }

    fn gpt2(&self) -> Value {
        let (width, activation) = self.mlp.width_and_activation();
        json!({
            "n_embd": self.hidden,
            "n_head": self.heads,
            "n_layer": self.layers.len(),
            "n_positions": self.context,
            "n_inner": width,
            "activation_function": name_of(activation),
            "layer_norm_epsilon": self.norm.epsilon,
        })
    }

    fn rotary_family(&self) -> Result<Value> {
        let (width, activation) = self.mlp.width_and_activation();
        let gemma = self.family == Family::Gemma3;
        let mut json = json!({
            "hidden_size": self.hidden,
            "num_attention_heads": self.heads,
            "num_key_value_heads": self.key_value_heads,
            "head_dim": self.head_dim,
            "num_hidden_layers": self.layers.len(),
            "intermediate_size": width,
            "max_position_embeddings": self.context,
            "rms_norm_eps": self.norm.epsilon,
            "attention_bias": self.attention.bias && self.family != Family::Qwen2,
        });
        json[if gemma {
            "hidden_activation"
        } else {
            "hidden_act"
        }] = name_of(activation).into();
        if let MlpConfig::Gated { bias, .. } = self.mlp {
            json["mlp_bias"] = bias.into();
        }
        if let MlpConfig::Routed {
            experts,
            chosen,
            renormalize,
            ..
        } = self.mlp
        {
            json["num_experts"] = experts.into();
            json["num_experts_per_tok"] = chosen.into();
            json["norm_topk_prob"] = renormalize.into();
        }
        if self.family == Family::Olmoe {
            json["clip_qkv"] = self.attention.clip.into();
        }
        if gemma {
            json["query_pre_attn_scalar"] = whole(self.attention.scale.powi(-2));
        }
        let kinds = self.layers.iter().map(|layer| {
            if layer.window.is_some() {
                "sliding_attention"
            } else {
                "full_attention"
            }
        });
        let kinds: Vec<&str> = kinds.collect();
        if let Some(window) = self.layers.iter().find_map(|layer| layer.window) {
            json["sliding_window"] = window.into();
            json["use_sliding_window"] = true.into();
        }
        if matches!(self.family, Family::Gemma3 | Family::Qwen2) {
            json["layer_types"] = kinds.clone().into();
        }
        let rotary = |kind: &str| {
            let layer = self.layers.iter().zip(&kinds).find(|(_, of)| **of == kind);
            layer
                .and_then(|(layer, _)| layer.rotary.as_ref())
                .map(parameters)
                .transpose()
        };
        let (full, local) = (rotary("full_attention")?, rotary("sliding_attention")?);
        // Where no layer is of a kind, transformers still asks for its rotation.
        let plain = |base: f64| json!({"rope_type": "default", "rope_theta": base});
        if gemma {
            let (full, local) = (
                full.unwrap_or_else(|| plain(1e6)),
                local.unwrap_or_else(|| plain(1e4)),
            );
            json["rope_theta"] = full["rope_theta"].clone();
            json["rope_local_base_freq"] = local["rope_theta"].clone();
            json["rope_parameters"] = json!({"full_attention": full, "sliding_attention": local});
        } else {
            let rope = full.or(local).unwrap_or_else(|| plain(1e4));
            json["rope_theta"] = rope["rope_theta"].clone();
            if rope["rope_type"] != "default" {
                json["rope_scaling"] = rope.clone();
            }
            json["rope_parameters"] = rope;
        }
        Ok(json)
    }
}

/// `rope_parameters` of transformers 5, which are `rope_scaling` of transformers 4 with the base among them.
fn parameters(rotary: &RotaryConfig) -> Result<Value> {
    let mut map = Map::new();
    let mut set = |key: &str, value: Value| map.insert(key.to_owned(), value);
    set("rope_theta", rotary.base.into());
    let kind = match rotary.scaling {
        RotaryScaling::None => "default",
        RotaryScaling::Linear { factor } => {
            set("factor", factor.into());
            "linear"
        }
        RotaryScaling::Llama3 {
            factor,
            low,
            high,
            original_context,
        } => {
            set("factor", factor.into());
            set("low_freq_factor", low.into());
            set("high_freq_factor", high.into());
            set("original_max_position_embeddings", whole(original_context));
            "llama3"
        }
        RotaryScaling::Yarn {
            factor,
            fast,
            slow,
            original_context,
            magnitude,
            truncate,
        } => {
            set("factor", factor.into());
            set("beta_fast", fast.into());
            set("beta_slow", slow.into());
            set("original_max_position_embeddings", whole(original_context));
            set("attention_factor", magnitude.into());
            set("truncate", truncate.into());
            "yarn"
        }
        RotaryScaling::Divided { .. } => {
            return Err(Error::config(
                "rope_scaling",
                "came as single factors from a GGUF, which Hugging Face has no form for",
            ));
        }
    };
    set("rope_type", kind.into());
    Ok(map.into())
}

/// A number that is whole is written so: some keys are read as integers.
fn whole(number: f64) -> Value {
    let rounded = number.round();
    if (number - rounded).abs() < 1e-9 && rounded.abs() < 1e15 {
        #[expect(clippy::cast_possible_truncation, reason = "its size was checked")]
        let whole = rounded as i64;
        whole.into()
    } else {
        number.into()
    }
}

fn name_of(activation: Activation) -> &'static str {
    match activation {
        Activation::Silu => "silu",
        Activation::Gelu => "gelu",
        Activation::GeluTanh => "gelu_pytorch_tanh",
        Activation::Relu => "relu",
    }
}
