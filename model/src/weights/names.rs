//! What families call their tensors.

use crate::config::Family;

/// Where the tensor of a canonical name is in the files of a family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Located {
    /// The name in the files, as transformers writes it.
    pub(crate) name: String,
    /// Whether the file's matrix is `[inputs, outputs]` (GPT-2's `Conv1D`).
    pub(crate) transposed: bool,
    /// Which third of the outputs, where queries, keys and values are one tensor.
    pub(crate) third: Option<usize>,
}

/// What GPT-2 calls the parts of a layer: canonical name, its name, the third of the outputs, whether a matrix.
const PARTS: [(&str, &str, Option<usize>, bool); 8] = [
    ("input_layernorm", "ln_1", None, false),
    ("post_attention_layernorm", "ln_2", None, false),
    ("self_attn.q_proj", "attn.c_attn", Some(0), true),
    ("self_attn.k_proj", "attn.c_attn", Some(1), true),
    ("self_attn.v_proj", "attn.c_attn", Some(2), true),
    ("self_attn.o_proj", "attn.c_proj", None, true),
    ("mlp.up_proj", "mlp.c_fc", None, true),
    ("mlp.down_proj", "mlp.c_proj", None, true),
];

/// Finds the tensor of a canonical name in the files of a family.
pub(crate) fn locate(family: Family, name: &str) -> Located {
    let plain = |name: String| Located {
        name,
        transposed: false,
        third: None,
    };
    if family != Family::Gpt2 {
        return plain(name.to_owned());
    }
    let Some(rest) = name.strip_prefix("model.layers.") else {
        let renamed = name
            .replace("model.embed_tokens.", "transformer.wte.")
            .replace("model.embed_positions.", "transformer.wpe.")
            .replace("model.norm.", "transformer.ln_f.");
        return plain(renamed);
    };
    let found = PARTS
        .iter()
        .find(|(canonical, ..)| rest.contains(canonical));
    match found {
        Some(&(canonical, renamed, third, matrix)) => Located {
            name: format!("transformer.h.{}", rest.replace(canonical, renamed)),
            transposed: matrix && rest.ends_with(".weight"),
            third,
        },
        None => plain(format!("transformer.h.{rest}")),
    }
}

/// Under which other names files hold a tensor: without the wrapper's prefix, or within a model of text and images.
pub(crate) fn spellings(name: &str) -> Vec<String> {
    let mut spellings = vec![name.to_owned(), format!("language_model.{name}")];
    for prefix in ["model.", "transformer."] {
        if let Some(bare) = name.strip_prefix(prefix) {
            spellings.push(bare.to_owned());
            spellings.push(format!("model.language_model.{bare}"));
        }
    }
    spellings
}
