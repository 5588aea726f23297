//! Log-probabilities in the forms of both interfaces.

use serde_json::{Map, Value, json};

use crate::engine::{Token, Vocabulary};

/// `logprobs.content[i]` of a chat: a token, its bytes, and the likeliest in its place.
pub(super) fn of_chat(token: &Token, vocabulary: &Vocabulary) -> Option<Value> {
    let logprobs = token.logprobs.as_ref()?;
    let entry = |token: u32, logprob: f32| {
        let bytes = vocabulary.bytes(token);
        json!({"token": String::from_utf8_lossy(bytes), "logprob": finite(logprob), "bytes": bytes})
    };
    let top = logprobs
        .top
        .iter()
        .map(|other| entry(other.token, other.logprob));
    let mut whole = entry(token.token, logprobs.chosen);
    whole["top_logprobs"] = top.collect();
    Some(whole)
}

/// `logprobs` of a completion: lists, one entry a token.
#[derive(Debug, Default)]
pub(super) struct CompletionLogProbs {
    tokens: Vec<String>,
    logprobs: Vec<f32>,
    top: Vec<Map<String, Value>>,
    offsets: Vec<usize>,
}

impl CompletionLogProbs {
    /// Adds a token; `offset` is how many characters of text there were before it.
    pub(super) fn push(&mut self, token: &Token, offset: usize, vocabulary: &Vocabulary) {
        let Some(logprobs) = &token.logprobs else {
            return;
        };
        let spell = |token: u32| String::from_utf8_lossy(vocabulary.bytes(token)).into_owned();
        let top = logprobs
            .top
            .iter()
            .map(|other| (spell(other.token), json!(finite(other.logprob))));
        self.tokens.push(spell(token.token));
        self.logprobs.push(finite(logprobs.chosen));
        self.top.push(top.collect());
        self.offsets.push(offset);
    }

    /// The object; `null` without tokens.
    pub(super) fn json(&self) -> Value {
        if self.tokens.is_empty() {
            return Value::Null;
        }
        json!({
            "tokens": self.tokens,
            "token_logprobs": self.logprobs,
            "top_logprobs": self.top,
            "text_offset": self.offsets,
        })
    }
}

/// JSON has no infinities; `OpenAI` writes -9999 for what cannot come.
fn finite(logprob: f32) -> f32 {
    if logprob.is_finite() {
        logprob
    } else {
        -9999.0
    }
}
