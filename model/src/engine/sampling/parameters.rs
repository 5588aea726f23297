//! What a request may say about sampling, and what makes no sense.

use std::collections::BTreeMap;

/// How tokens are chosen. The default is greedy: always the likeliest.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampling {
    /// Logits are divided by this; 0 takes the likeliest token, the smallest of equally likely ones.
    pub temperature: f32,
    /// Only this many of the likeliest tokens are drawn from; 0 for all.
    pub top_k: usize,
    /// Only the likeliest tokens that together reach this probability are drawn from (Holtzman et al., ICLR 2020).
    pub top_p: f32,
    /// Only tokens at least this probable, relative to the likeliest, are drawn from.
    pub min_p: f32,
    /// Logits of tokens that occurred, prompt included, are divided by this if positive and multiplied if not
    /// (Keskar et al., CTRL, 2019, section 4.1).
    pub repetition_penalty: f32,
    /// Subtracted from the logits of tokens that the answer holds.
    pub presence_penalty: f32,
    /// Subtracted from the logits of tokens for each time that the answer holds them.
    pub frequency_penalty: f32,
    /// Added to the logits of these tokens.
    pub logit_bias: BTreeMap<u32, f32>,
    /// What chance is drawn from.
    pub seed: u64,
    /// How many likeliest alternatives are reported for each token; `None` for no log-probabilities at all.
    pub logprobs: Option<usize>,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            temperature: 0.0,
            top_k: 0,
            top_p: 1.0,
            min_p: 0.0,
            repetition_penalty: 1.0,
            presence_penalty: 0.0,
            frequency_penalty: 0.0,
            logit_bias: BTreeMap::new(),
            seed: 0,
            logprobs: None,
        }
    }
}

/// A value that no sampling can follow.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("`{name}` is {value}; it must be {allowed}")]
pub struct InvalidSampling {
    /// The parameter, as the API spells it.
    pub name: &'static str,
    /// What was asked for.
    pub value: String,
    /// What would do.
    pub allowed: &'static str,
}

/// Alternatives that may be asked for at each token, as many as `OpenAI`'s API allows.
const MOST_ALTERNATIVES: usize = 20;

impl Sampling {
    /// Refuses values out of range, infinities and NaN.
    pub fn check(&self, vocabulary: usize) -> Result<(), InvalidSampling> {
        let within = |name, value: f32, sound: bool, allowed| {
            if value.is_finite() && sound {
                Ok(())
            } else {
                let value = value.to_string();
                Err(InvalidSampling {
                    name,
                    value,
                    allowed,
                })
            }
        };
        let Self {
            temperature,
            top_p,
            min_p,
            repetition_penalty,
            ..
        } = *self;
        let penalty = |value: f32| (-2.0..=2.0).contains(&value);
        within(
            "temperature",
            temperature,
            (0.0..=100.0).contains(&temperature),
            "between 0 and 100",
        )?;
        within(
            "top_p",
            top_p,
            top_p > 0.0 && top_p <= 1.0,
            "above 0 and at most 1",
        )?;
        within(
            "min_p",
            min_p,
            (0.0..=1.0).contains(&min_p),
            "between 0 and 1",
        )?;
        let sound = repetition_penalty > 0.0 && repetition_penalty <= 100.0;
        within(
            "repetition_penalty",
            repetition_penalty,
            sound,
            "above 0 and at most 100",
        )?;
        let presence = self.presence_penalty;
        within(
            "presence_penalty",
            presence,
            penalty(presence),
            "between -2 and 2",
        )?;
        let frequency = self.frequency_penalty;
        within(
            "frequency_penalty",
            frequency,
            penalty(frequency),
            "between -2 and 2",
        )?;
        for (&token, &bias) in &self.logit_bias {
            within(
                "logit_bias",
                bias,
                (-100.0..=100.0).contains(&bias),
                "between -100 and 100",
            )?;
            if token as usize >= vocabulary {
                return Err(InvalidSampling {
                    name: "logit_bias",
                    value: format!("given for token {token}"),
                    allowed: "for tokens of the vocabulary",
                });
            }
        }
        match self.logprobs {
            Some(count) if count > MOST_ALTERNATIVES => Err(InvalidSampling {
                name: "top_logprobs",
                value: count.to_string(),
                allowed: "at most 20",
            }),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absurd_values_are_refused_by_name() {
        type Change = fn(&mut Sampling);
        let cases: [(&str, Change); 9] = [
            ("temperature", |sampling| sampling.temperature = f32::NAN),
            ("temperature", |sampling| sampling.temperature = -1.0),
            ("top_p", |sampling| sampling.top_p = 0.0),
            ("min_p", |sampling| sampling.min_p = 1.5),
            ("repetition_penalty", |sampling| {
                sampling.repetition_penalty = 0.0;
            }),
            ("presence_penalty", |sampling| {
                sampling.presence_penalty = f32::INFINITY;
            }),
            ("frequency_penalty", |sampling| {
                sampling.frequency_penalty = -2.5;
            }),
            ("logit_bias", |sampling| {
                sampling.logit_bias = [(10, 1.0)].into();
            }),
            ("top_logprobs", |sampling| sampling.logprobs = Some(21)),
        ];
        for (name, change) in cases {
            let mut sampling = Sampling::default();
            assert_eq!(sampling.check(10), Ok(()));
            change(&mut sampling);
            assert_eq!(sampling.check(10).unwrap_err().name, name);
        }
    }
}
