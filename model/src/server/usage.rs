//! What an answer took.

use serde_json::{Value, json};

use crate::engine::Usage;

/// Sums the usage of the choices of a request.
#[derive(Debug, Clone, Default)]
pub(super) struct UsageSum {
    prompt: usize,
    cached: usize,
    answer: usize,
}

impl UsageSum {
    /// Adds a choice. `repeats` when another choice has the same prompt, which counts once.
    pub(super) fn add(&mut self, usage: Usage, repeats: bool) {
        if !repeats {
            self.prompt += usage.prompt;
            self.cached += usage.cached;
        }
        self.answer += usage.answer;
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "prompt_tokens": self.prompt,
            "completion_tokens": self.answer,
            "total_tokens": self.prompt + self.answer,
            "prompt_tokens_details": {"cached_tokens": self.cached},
        })
    }
}
