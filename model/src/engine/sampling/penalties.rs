//! What has been said already.

use std::collections::{HashMap, HashSet};

use super::Sampling;

/// Which tokens the prompt holds, and how often the answer holds each.
#[derive(Debug, Clone, Default)]
pub(super) struct Penalties {
    prompt: HashSet<u32>,
    answer: HashMap<u32, u32>,
}

impl Penalties {
    /// Counts nothing of the answer yet.
    pub(super) fn new(prompt: &[u32]) -> Self {
        Self {
            prompt: prompt.iter().copied().collect(),
            answer: HashMap::new(),
        }
    }

    /// Whether these parameters change any logits.
    pub(super) fn matter(sampling: &Sampling) -> bool {
        let Sampling {
            repetition_penalty,
            presence_penalty,
            frequency_penalty,
            ..
        } = *sampling;
        #[expect(clippy::float_cmp, reason = "the neutral values are exact")]
        let neutral =
            repetition_penalty == 1.0 && presence_penalty == 0.0 && frequency_penalty == 0.0;
        !neutral
    }

    /// Counts a token of the answer.
    pub(super) fn count(&mut self, token: u32) {
        *self.answer.entry(token).or_default() += 1;
    }

    /// Changes the logits of a row.
    pub(super) fn apply(&self, sampling: &Sampling, logits: &mut [f32]) {
        let only_prompt = self
            .prompt
            .iter()
            .filter(|token| !self.answer.contains_key(token));
        for &token in only_prompt.chain(self.answer.keys()) {
            if let Some(logit) = logits.get_mut(token as usize) {
                let penalty = sampling.repetition_penalty;
                *logit = if *logit > 0.0 {
                    *logit / penalty
                } else {
                    *logit * penalty
                };
            }
        }
        for (&token, &count) in &self.answer {
            if let Some(logit) = logits.get_mut(token as usize) {
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "answers are far shorter than 2^24 tokens"
                )]
                let count = count as f32;
                *logit -= sampling.presence_penalty + sampling.frequency_penalty * count;
            }
        }
    }
}
