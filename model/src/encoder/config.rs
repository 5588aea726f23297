//! The shape of an encoder.

use serde_json::Value;

use crate::{
    Error, Result,
    config::{Activation, Keys, activation},
};

/// The shape of an encoder of the BERT kind.
#[derive(Debug, Clone, PartialEq)]
pub struct EncoderConfig {
    /// Rows of the embedding.
    pub vocabulary: usize,
    /// Width of the residual stream.
    pub hidden: usize,
    /// How many layers there are.
    pub layers: usize,
    /// Heads of attention.
    pub heads: usize,
    /// Inner width of the MLPs.
    pub width: usize,
    /// The MLPs' function.
    pub activation: Activation,
    /// Positions of the longest text.
    pub context: usize,
    /// Kinds of tokens (first text, second text); only the first is used.
    pub kinds: usize,
    /// Added to the norms' variance.
    pub epsilon: f64,
    /// Classes, where there is a head for them.
    pub classes: usize,
}

impl EncoderConfig {
    /// Reads the contents of a config.json.
    pub fn from_huggingface(json: &Value) -> Result<Self> {
        let Value::Object(map) = json else {
            return Err(Error::config("config.json", "is not a JSON object"));
        };
        let keys = Keys(map);
        let name = keys.text("model_type")?.unwrap_or("missing");
        if name != "bert" {
            return Err(Error::Architecture {
                name: name.to_owned(),
                known: "bert".into(),
            });
        }
        if keys
            .text("position_embedding_type")?
            .is_some_and(|kind| kind != "absolute")
        {
            return Err(Error::config(
                "position_embedding_type",
                "is not `absolute`, which is not supported",
            ));
        }
        let labels = keys.object("id2label")?.map(|labels| labels.0.len());
        let classes = keys.optional_size("num_labels")?.or(labels).unwrap_or(2);
        let config = Self {
            vocabulary: keys.size("vocab_size")?,
            hidden: keys.size("hidden_size")?,
            layers: keys.layers("num_hidden_layers")?,
            heads: keys.size("num_attention_heads")?,
            width: keys.size("intermediate_size")?,
            activation: activation(keys, "hidden_act", Activation::Gelu)?,
            context: keys.size("max_position_embeddings")?,
            kinds: keys.optional_size("type_vocab_size")?.unwrap_or(2),
            epsilon: keys.positive("layer_norm_eps", 1e-12)?,
            classes,
        };
        if !config.hidden.is_multiple_of(config.heads) {
            return Err(Error::config(
                "num_attention_heads",
                "does not divide the width",
            ));
        }
        Ok(config)
    }
}
