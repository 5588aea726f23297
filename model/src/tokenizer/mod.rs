//! Texts to tokens and back, as the model's publishers do it.

mod decode;
mod gguf;
mod pretokenizer;
mod sentence_piece;

use std::path::Path;

pub use decode::TextStream;
use tokenizers::Tokenizer as Inner;

use crate::{Error, Result, weights::Gguf};

/// The tokenizer of a model.
#[derive(Debug, Clone)]
pub struct Tokenizer {
    inner: Inner,
}

impl Tokenizer {
    /// Reads Hugging Face's tokenizer.json.
    pub fn from_file(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(Error::file("read", path))?;
        let mut inner = Inner::from_bytes(bytes)
            .map_err(|error| Error::format(path, format!("it is no tokenizer.json ({error})")))?;
        // Some files cut and pad every text to the length that their model was trained with; batches here are ragged.
        inner
            .with_truncation(None)
            .map_err(|error| Error::Tokenizer(error.to_string()))?;
        inner.with_padding(None);
        Ok(Self { inner })
    }

    /// Builds the tokenizer that a GGUF describes.
    pub fn from_gguf(file: &Gguf) -> Result<Self> {
        Ok(Self {
            inner: gguf::build(file.metadata())?,
        })
    }

    /// The tokens of a text. Special tokens that it spells out become single tokens; none are added before or after it.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        self.encode_with(text, false)
    }

    /// The tokens of a text with those that the model's publishers put around it (a first or last token, say).
    pub fn encode_with_special(&self, text: &str) -> Result<Vec<u32>> {
        self.encode_with(text, true)
    }

    fn encode_with(&self, text: &str, special: bool) -> Result<Vec<u32>> {
        let encoding = self.inner.encode_fast(text, special);
        Ok(encoding
            .map_err(|error| Error::Tokenizer(error.to_string()))?
            .get_ids()
            .to_vec())
    }

    /// The text of tokens; bytes that are no UTF-8 become U+FFFD, and special tokens are left out if asked for.
    pub fn decode(&self, tokens: &[u32], skip_special: bool) -> Result<String> {
        self.inner
            .decode(tokens, skip_special)
            .map_err(|error| Error::Tokenizer(error.to_string()))
    }

    /// The number of a token by its spelling in the vocabulary.
    pub fn token(&self, spelling: &str) -> Option<u32> {
        self.inner.token_to_id(spelling)
    }

    /// A token's spelling in the vocabulary: bytes above ASCII and spaces are replaced by stand-ins in byte-level ones.
    pub fn spelling(&self, token: u32) -> Option<String> {
        self.inner.id_to_token(token)
    }

    /// One more than the largest token.
    pub fn vocabulary(&self) -> usize {
        let largest = self.inner.get_vocab(true).into_values().max();
        largest.map_or(0, |token| token as usize + 1)
    }

    /// Whether a token is a special one: marks of turns and ends, not text.
    pub fn is_special(&self, token: u32) -> bool {
        self.inner
            .get_added_tokens_decoder()
            .get(&token)
            .is_some_and(|added| added.special)
    }

    /// The tokenizer of the `tokenizers` crate, for what this type does not offer.
    pub fn inner(&self) -> &Inner {
        &self.inner
    }

    /// Refuses a tokenizer that makes tokens which the model has no vectors for.
    pub fn check(&self, vocabulary: usize) -> Result<()> {
        let made = self.vocabulary();
        if made > vocabulary {
            return Err(Error::Tokenizer(format!(
                "it makes tokens up to {}, but the model's vocabulary has {vocabulary}: they do not belong together",
                made - 1
            )));
        }
        Ok(())
    }

    /// Writes tokenizer.json.
    pub fn save(&self, path: &Path) -> Result<()> {
        let json = self
            .inner
            .to_string(true)
            .map_err(|error| Error::Tokenizer(error.to_string()))?;
        std::fs::write(path, json).map_err(Error::file("write", path))
    }
}
