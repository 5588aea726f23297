//! What GGUF calls the tensors of Hugging Face, and how it changes some of them.

use crate::config::Family;

/// Where GGUF keeps a tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Located {
    pub(super) name: String,
    pub(super) part: Part,
}

/// Which rows of GGUF's tensor are the wanted ones, and in what order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// All.
    Whole,
    /// A third of them: queries, keys and values are one tensor.
    Third(usize),
    /// Those of one expert.
    Expert(usize),
    /// All, with the pairs of each head's rotation side by side instead of half a head apart.
    Interleaved,
}

/// Parts of a layer that are called alike in all families.
const PARTS: [(&str, &str); 13] = [
    ("input_layernorm", "attn_norm"),
    ("self_attn.q_proj", "attn_q"),
    ("self_attn.k_proj", "attn_k"),
    ("self_attn.v_proj", "attn_v"),
    ("self_attn.o_proj", "attn_output"),
    ("self_attn.q_norm", "attn_q_norm"),
    ("self_attn.k_norm", "attn_k_norm"),
    ("pre_feedforward_layernorm", "ffn_norm"),
    ("post_feedforward_layernorm", "post_ffw_norm"),
    ("mlp.gate_proj", "ffn_gate"),
    ("mlp.up_proj", "ffn_up"),
    ("mlp.down_proj", "ffn_down"),
    ("mlp.gate", "ffn_gate_inp"),
];

/// Finds the tensor of a canonical name.
pub(super) fn locate(family: Family, name: &str) -> Option<Located> {
    let (stem, kind) = name.rsplit_once('.')?;
    let whole = |stem: String| {
        Some(Located {
            name: format!("{stem}.{kind}"),
            part: Part::Whole,
        })
    };
    let outside = match stem {
        "model.embed_tokens" => Some("token_embd"),
        "model.embed_positions" => Some("position_embd"),
        "model.norm" => Some("output_norm"),
        "lm_head" => Some("output"),
        _ => None,
    };
    if let Some(stem) = outside {
        return whole(stem.to_owned());
    }
    let (layer, part) = stem.strip_prefix("model.layers.")?.split_once('.')?;
    if let Some(expert) = part.strip_prefix("mlp.experts.") {
        let (expert, projection) = expert.split_once('.')?;
        let projection = projection.strip_suffix("_proj")?;
        let name = format!("blk.{layer}.ffn_{projection}_exps.{kind}");
        return Some(Located {
            name,
            part: Part::Expert(expert.parse().ok()?),
        });
    }
    if part == "post_attention_layernorm" {
        let after = matches!(family, Family::Gemma3 | Family::Olmo2);
        return whole(format!(
            "blk.{layer}.{}",
            if after {
                "post_attention_norm"
            } else {
                "ffn_norm"
            }
        ));
    }
    let third = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"]
        .iter()
        .position(|of| *of == part);
    if let (Family::Gpt2, Some(third)) = (family, third) {
        return Some(Located {
            name: format!("blk.{layer}.attn_qkv.{kind}"),
            part: Part::Third(third),
        });
    }
    let renamed = PARTS.iter().find(|(canonical, _)| *canonical == part)?.1;
    let rotated = matches!(third, Some(0 | 1)) && family == Family::Llama;
    let part = if rotated {
        Part::Interleaved
    } else {
        Part::Whole
    };
    Some(Located {
        name: format!("blk.{layer}.{renamed}.{kind}"),
        part,
    })
}
