//! What requests of both interfaces may say about how to answer.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{ApiError, identity};
use crate::engine::{GrammarState, Request, Sampling};

/// Stop strings of a request at most. Each is looked for after every token.
const MOST_STOPS: usize = 16;

/// Fields that chats and completions share. Beyond `OpenAI`'s: `top_k`, `min_p`, `repetition_penalty`, `ignore_eos`, `priority` (larger
/// goes first) and `cache_salt` (prefixes are shared within a salt).
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Parameters {
    temperature: Option<f32>,
    top_p: Option<f32>,
    top_k: Option<i64>,
    min_p: Option<f32>,
    repetition_penalty: Option<f32>,
    presence_penalty: Option<f32>,
    frequency_penalty: Option<f32>,
    logit_bias: Option<BTreeMap<String, f32>>,
    seed: Option<i64>,
    stop: Option<Stop>,
    n: Option<usize>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
    user: Option<String>,
    priority: Option<i32>,
    cache_salt: Option<String>,
    ignore_eos: Option<bool>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Stop {
    One(String),
    Many(Vec<String>),
}

#[derive(Debug, Clone, Default, Deserialize)]
struct StreamOptions {
    include_usage: Option<bool>,
}

impl Parameters {
    /// Answers that each prompt gets.
    pub(super) fn n(&self) -> usize {
        self.n.unwrap_or(1)
    }

    pub(super) fn streams(&self) -> bool {
        self.stream.unwrap_or(false)
    }

    pub(super) fn streams_usage(&self) -> bool {
        let options = self.stream_options.as_ref();
        options
            .and_then(|options| options.include_usage)
            .unwrap_or(false)
    }

    /// Refuses a request for no answer, or for too many.
    pub(super) fn check_choices(&self, prompts: usize, most: usize) -> Result<(), ApiError> {
        match prompts.saturating_mul(self.n()) {
            0 => Err(ApiError::invalid(
                "n",
                "`n` is 0; ask for at least one answer",
            )),
            count if count > most => {
                let message = format!(
                    "{count} answers were asked for; this server gives at most {most} a request"
                );
                Err(ApiError::invalid("n", message))
            }
            _ => Ok(()),
        }
    }

    /// The engine's request for one prompt; `choice` numbers its answers, which get seeds of their own.
    pub(super) fn request(
        &self,
        prompt: Vec<u32>,
        max_tokens: usize,
        logprobs: Option<usize>,
        grammar: Option<GrammarState>,
        choice: usize,
    ) -> Result<Request, ApiError> {
        if max_tokens == 0 {
            return Err(ApiError::invalid(
                "max_tokens",
                "`max_tokens` is 0; ask for at least one token",
            ));
        }
        Ok(Request {
            sampling: self.sampling(logprobs, choice as u64)?,
            stop: self.stops()?,
            ignore_end: self.ignore_eos.unwrap_or(false),
            priority: self.priority.unwrap_or(0),
            tenant: self.user.clone().unwrap_or_default(),
            salt: self.cache_salt.clone().unwrap_or_default(),
            grammar,
            ..Request::new(prompt, max_tokens)
        })
    }

    fn sampling(&self, logprobs: Option<usize>, choice: u64) -> Result<Sampling, ApiError> {
        let biases = self.logit_bias.iter().flatten();
        let bias = |(token, &bias): (&String, &f32)| {
            let token = token.parse().map_err(|_| {
                let message =
                    format!("`logit_bias` names `{token}`, which is no number of a token");
                ApiError::invalid("logit_bias", message)
            })?;
            Ok((token, bias))
        };
        let seed = self.seed.map_or_else(identity::number, i64::cast_unsigned);
        Ok(Sampling {
            temperature: self.temperature.unwrap_or(1.0),
            top_k: usize::try_from(self.top_k.unwrap_or(0)).unwrap_or(0),
            top_p: self.top_p.unwrap_or(1.0),
            min_p: self.min_p.unwrap_or(0.0),
            repetition_penalty: self.repetition_penalty.unwrap_or(1.0),
            presence_penalty: self.presence_penalty.unwrap_or(0.0),
            frequency_penalty: self.frequency_penalty.unwrap_or(0.0),
            logit_bias: biases.map(bias).collect::<Result<_, ApiError>>()?,
            seed: seed.wrapping_add(choice),
            logprobs,
        })
    }

    fn stops(&self) -> Result<Vec<String>, ApiError> {
        let stops = match self.stop.clone() {
            None => Vec::new(),
            Some(Stop::One(stop)) => vec![stop],
            Some(Stop::Many(stops)) => stops,
        };
        if stops.len() > MOST_STOPS || stops.iter().any(String::is_empty) {
            let message = format!("`stop` takes up to {MOST_STOPS} texts, none of them empty");
            return Err(ApiError::invalid("stop", message));
        }
        Ok(stops)
    }
}
