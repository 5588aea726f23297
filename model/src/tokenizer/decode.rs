//! Text as its tokens arrive.

use super::Tokenizer;
use crate::Result;

/// Turns a growing list of tokens into text, piece by piece: a piece is given out once no later token can change it.
#[derive(Debug, Clone)]
pub struct TextStream {
    skip_special: bool,
    tokens: Vec<u32>,
    /// Tokens before this are only there because decoders look back (for spaces at the start, say).
    settled: usize,
    /// Tokens before this have been given out.
    given: usize,
}

/// U+FFFD, what bytes become that are no whole character yet.
const INCOMPLETE: char = '\u{fffd}';

impl TextStream {
    /// A stream without tokens; special tokens give no text if they are skipped.
    pub fn new(skip_special: bool) -> Self {
        Self {
            skip_special,
            tokens: Vec::new(),
            settled: 0,
            given: 0,
        }
    }

    /// Adds a token and returns the text that is certain now, often that of the token.
    pub fn push(&mut self, tokenizer: &Tokenizer, token: u32) -> Result<String> {
        self.tokens.push(token);
        self.advance(tokenizer, false)
    }

    /// The rest of the text, with U+FFFD for a character that was never finished.
    pub fn finish(&mut self, tokenizer: &Tokenizer) -> Result<String> {
        self.advance(tokenizer, true)
    }

    fn advance(&mut self, tokenizer: &Tokenizer, last: bool) -> Result<String> {
        let before = tokenizer.decode(&self.tokens[self.settled..self.given], self.skip_special)?;
        let now = tokenizer.decode(&self.tokens[self.settled..], self.skip_special)?;
        let unfinished = now.ends_with(INCOMPLETE) && self.tokens.len() - self.given < 4;
        if unfinished && !last {
            return Ok(String::new());
        }
        self.settled = self.given;
        self.given = self.tokens.len();
        Ok(now.get(before.len()..).unwrap_or_default().to_owned())
    }
}
