//! A trained model as a folder that transformers and [`crate::Model::open`] read.

use std::path::Path;

use candle_core::DType;
use serde_json::json;

use super::trainer::Trainer;
use crate::{Error, Result, Tokenizer, weights};

/// What of a model is no parameter, and goes into the folder as it is.
#[derive(Debug, Clone)]
pub struct Language {
    /// The tokenizer.
    pub tokenizer: Tokenizer,
    /// The chat template.
    pub chat_template: Option<String>,
    /// The token before every text.
    pub begin_token: Option<u32>,
    /// The token that ends an answer.
    pub end_token: Option<u32>,
}

/// Writes config.json, model.safetensors (low-rank changes merged), tokenizer.json and `tokenizer_config.json`.
pub fn export(folder: &Path, trainer: &Trainer, language: &Language, dtype: DType) -> Result<()> {
    let config = &trainer.decoder.config;
    weights::write(folder, config, &trainer.parameters.merged()?, dtype)?;
    language.tokenizer.save(&folder.join("tokenizer.json"))?;
    let spelling = |token: Option<u32>| token.and_then(|token| language.tokenizer.spelling(token));
    let mut settings = json!({
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": config.context,
        "clean_up_tokenization_spaces": false,
    });
    for (key, value) in [
        ("bos_token", spelling(language.begin_token)),
        ("eos_token", spelling(language.end_token)),
        ("chat_template", language.chat_template.clone()),
    ] {
        if let Some(value) = value {
            settings[key] = value.into();
        }
    }
    write_json(&folder.join("tokenizer_config.json"), &settings)?;
    let mut generation = json!({});
    for (key, token) in [
        ("bos_token_id", language.begin_token),
        ("eos_token_id", language.end_token),
    ] {
        if let Some(token) = token {
            generation[key] = token.into();
        }
    }
    write_json(&folder.join("generation_config.json"), &generation)
}

fn write_json(path: &Path, json: &serde_json::Value) -> Result<()> {
    std::fs::write(path, format!("{json:#}\n")).map_err(Error::file("write", path))
}
