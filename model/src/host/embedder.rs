//! An encoder that turns texts into vectors.

use std::path::Path;

use candle_core::{DType, Device};

use super::HostError;
use crate::{Batch, Encoder, Tokenizer, Wanted};

/// Rows of one pass at most: bounds memory, and long batches are no faster.
const ROWS: usize = 4096;

/// An encoder with its tokenizer.
#[derive(Debug)]
pub struct Embedder {
    name: String,
    encoder: Encoder,
    tokenizer: Tokenizer,
}

impl Embedder {
    /// Opens a folder of a sentence encoder; `name` is what clients call it.
    pub fn open(name: &str, folder: &Path) -> Result<Self, HostError> {
        let encoder = Encoder::open(folder, DType::F32, &Device::Cpu)?;
        let tokenizer = Tokenizer::from_file(&folder.join("tokenizer.json"))?;
        tokenizer.check(encoder.config.vocabulary)?;
        Ok(Self {
            name: name.to_owned(),
            encoder,
            tokenizer,
        })
    }

    /// What clients call the model.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Tokens that a text may have at most.
    pub fn context(&self) -> usize {
        self.encoder.config.context
    }

    /// How many numbers a vector has.
    pub fn dimensions(&self) -> usize {
        self.encoder.config.hidden
    }

    /// The tokens of a text, first and last mark included.
    pub fn tokens(&self, text: &str) -> Result<Vec<u32>, HostError> {
        Ok(self.tokenizer.encode_with_special(text)?)
    }

    /// Refuses tokens that the model does not have, and no tokens at all.
    pub fn check(&self, tokens: &[u32]) -> Result<(), String> {
        let vocabulary = self.encoder.config.vocabulary;
        if tokens.is_empty() {
            return Err("a text without tokens has no vector".to_owned());
        }
        match tokens.iter().find(|&&token| token as usize >= vocabulary) {
            Some(token) => Err(format!(
                "token {token} is outside of the vocabulary of {vocabulary}"
            )),
            None => Ok(()),
        }
    }

    /// One vector of length one a text, in their order. Texts must not be empty nor longer than the context.
    pub fn embed(&self, texts: &[Vec<u32>]) -> Result<Vec<Vec<f32>>, HostError> {
        let mut vectors = Vec::with_capacity(texts.len());
        let mut rest = texts;
        while !rest.is_empty() {
            let mut rows = 0;
            let fits = |text: &&Vec<u32>| {
                rows += text.len();
                rows <= ROWS
            };
            let count = rest.iter().take_while(fits).count().max(1);
            let (texts, after) = rest.split_at(count);
            rest = after;
            let batch = Batch::of_documents(texts, Wanted::All);
            let made = self.encoder.sentences(&batch)?;
            vectors.extend(made.to_vec2::<f32>().map_err(crate::Error::from)?);
        }
        Ok(vectors)
    }
}
