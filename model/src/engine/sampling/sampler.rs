//! The sampler of one request.

use super::{
    LogProbs, Sampling,
    candidates::{argmax, draw},
    penalties::Penalties,
    random::uniform,
};
use crate::{Error, Result};

/// Sets the logits of tokens that must not come to minus infinity.
pub(crate) type Restrict<'a> = &'a mut dyn FnMut(&mut [f32]);

/// Chooses the tokens of one request.
#[derive(Debug, Clone)]
pub struct Sampler {
    sampling: Sampling,
    penalties: Option<Penalties>,
    /// How many tokens were chosen: the next one's position in the stream of chance.
    chosen: u64,
}

/// A chosen token.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    /// The token.
    pub token: u32,
    /// Its log-probability and those of others, if they were asked for.
    pub logprobs: Option<LogProbs>,
}

impl Sampler {
    /// A sampler for an answer to this prompt; the parameters have been checked.
    pub fn new(sampling: Sampling, prompt: &[u32]) -> Self {
        let penalties = Penalties::matter(&sampling).then(|| Penalties::new(prompt));
        Self {
            sampling,
            penalties,
            chosen: 0,
        }
    }

    /// Chooses from a row of logits. `restrict` sets the logits of tokens that a grammar forbids to minus infinity.
    ///
    /// # Errors
    /// Logits that are NaN or plus infinity, or a grammar that leaves nothing.
    pub fn draw(&mut self, logits: &[f32], restrict: Option<Restrict<'_>>) -> Result<Drawn> {
        check(logits)?;
        let plain =
            self.penalties.is_none() && self.sampling.logit_bias.is_empty() && restrict.is_none();
        let token = if plain {
            self.choose(logits)
        } else {
            let mut changed = logits.to_vec();
            for (&token, bias) in &self.sampling.logit_bias {
                changed[token as usize] += bias;
            }
            if let Some(penalties) = &self.penalties {
                penalties.apply(&self.sampling, &mut changed);
            }
            if let Some(restrict) = restrict {
                restrict(&mut changed);
            }
            self.choose(&changed)
        };
        let token = token.ok_or_else(|| {
            Error::Batch("no token is left to choose: every logit is minus infinity".into())
        })?;
        self.chosen += 1;
        if let Some(penalties) = &mut self.penalties {
            penalties.count(token);
        }
        let logprobs = self
            .sampling
            .logprobs
            .map(|count| LogProbs::of(logits, token, count));
        Ok(Drawn { token, logprobs })
    }

    fn choose(&self, logits: &[f32]) -> Option<u32> {
        if self.sampling.temperature <= 0.0 {
            argmax(logits)
        } else {
            draw(
                logits,
                &self.sampling,
                uniform(self.sampling.seed, self.chosen),
            )
        }
    }
}

/// Refuses rows that damaged weights or an overflow have made.
fn check(logits: &[f32]) -> Result<()> {
    let what = if logits.iter().any(|logit| logit.is_nan()) {
        "NaN"
    } else if logits.contains(&f32::INFINITY) {
        "an infinity"
    } else {
        return Ok(());
    };
    Err(Error::NotFinite {
        place: "a row of logits".into(),
        what,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(sampling: &Sampling, rows: usize) -> Vec<u32> {
        let mut sampler = Sampler::new(sampling.clone(), &[3]);
        let logits: Vec<f32> = (0..50u8).map(|token| f32::from(token % 7)).collect();
        (0..rows)
            .map(|_| sampler.draw(&logits, None).unwrap().token)
            .collect()
    }

    #[test]
    fn the_same_seed_draws_the_same_and_another_draws_otherwise() {
        let hot = |seed| Sampling {
            temperature: 1.0,
            seed,
            ..Sampling::default()
        };
        assert_eq!(stream(&hot(1), 40), stream(&hot(1), 40));
        assert_ne!(stream(&hot(1), 40), stream(&hot(2), 40));
    }

    #[test]
    fn penalties_count_the_answer_and_the_repetition_penalty_the_prompt_too() {
        let greedy = Sampling {
            presence_penalty: 2.0,
            ..Sampling::default()
        };
        // Logits 6 at 6, 13, 20 ..: each is taken once before any is taken twice.
        assert_eq!(stream(&greedy, 3), [6, 13, 20]);
        let logits = [0.0, 0.0, 0.0, 5.0, 4.0];
        let mut repeated = Sampler::new(
            Sampling {
                repetition_penalty: 2.0,
                ..Sampling::default()
            },
            &[3],
        );
        assert_eq!(repeated.draw(&logits, None).unwrap().token, 4);
        // 5 / 2 beats 4 / 2 now: both have occurred.
        assert_eq!(repeated.draw(&logits, None).unwrap().token, 3);
        let mut frequent = Sampler::new(
            Sampling {
                frequency_penalty: 0.6,
                ..Sampling::default()
            },
            &[],
        );
        let drawn: Vec<u32> = (0..4)
            .map(|_| frequent.draw(&logits, None).unwrap().token)
            .collect();
        assert_eq!(drawn, [3, 3, 4, 3]);
    }

    #[test]
    fn bias_moves_the_choice_and_log_probabilities_stay_the_models_own() {
        let sampling = Sampling {
            logit_bias: [(0, 100.0)].into(),
            logprobs: Some(2),
            ..Sampling::default()
        };
        let drawn = Sampler::new(sampling, &[])
            .draw(&[0.0, 2f32.ln(), 0.0], None)
            .unwrap();
        assert_eq!(drawn.token, 0);
        let logprobs = drawn.logprobs.unwrap();
        assert!((logprobs.chosen - 0.25f32.ln()).abs() < 1e-6);
        assert_eq!(
            logprobs.top.iter().map(|top| top.token).collect::<Vec<_>>(),
            [1, 0]
        );
        assert!((logprobs.top[0].logprob - 0.5f32.ln()).abs() < 1e-6);
    }

    #[test]
    fn logits_that_are_no_numbers_are_an_error() {
        let mut sampler = Sampler::new(Sampling::default(), &[]);
        assert!(matches!(
            sampler.draw(&[0.0, f32::NAN], None),
            Err(Error::NotFinite { .. })
        ));
        assert!(matches!(
            sampler.draw(&[0.0, f32::INFINITY], None),
            Err(Error::NotFinite { .. })
        ));
        assert!(sampler.draw(&[f32::NEG_INFINITY; 2], None).is_err());
        assert!(sampler.draw(&[f32::NEG_INFINITY, 0.0], None).is_ok());
    }
}
