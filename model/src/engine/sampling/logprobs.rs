//! How likely the model found what was chosen.

/// A token and the logarithm of its probability.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Alternative {
    /// The token.
    pub token: u32,
    /// The natural logarithm of its probability.
    pub logprob: f32,
}

/// Log-probabilities at one position, of the model's own distribution: before bias, penalties, grammar and temperature.
#[derive(Debug, Clone, PartialEq)]
pub struct LogProbs {
    /// That of the chosen token.
    pub chosen: f32,
    /// The likeliest tokens, likeliest first, as many as were asked for.
    pub top: Vec<Alternative>,
}

impl LogProbs {
    /// Reads a row of logits; `count` likeliest are listed.
    pub fn of(logits: &[f32], chosen: u32, count: usize) -> Self {
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f64 = logits
            .iter()
            .map(|&logit| f64::from(logit - largest).exp())
            .sum();
        #[expect(
            clippy::cast_possible_truncation,
            reason = "reported in single precision"
        )]
        let normaliser = largest + sum.ln() as f32;
        let top = super::candidates::likeliest(logits, count);
        let logprob = |token: u32| {
            logits
                .get(token as usize)
                .map_or(f32::NEG_INFINITY, |logit| logit - normaliser)
        };
        Self {
            chosen: logprob(chosen),
            top: top
                .into_iter()
                .map(|token| Alternative {
                    token,
                    logprob: logprob(token),
                })
                .collect(),
        }
    }
}
