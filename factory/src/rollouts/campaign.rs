//! What a user asks for: a policy, an interface, limits. Whatever decides what attempts do is kept in the store, so that
//! any worker on any machine does the same.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use swemill_agent::{AttemptLimits, ContextOptions, Dialect, Interface};
use swemill_environment::TESTBED;
use swemill_store::rollouts::RolloutPolicy;
use swemill_store::rollouts::campaigns::{self, NewCampaign};

use crate::failure::StageError;

/// A request for attempts.
#[derive(Clone, Debug, PartialEq)]
pub struct Campaign {
    /// Where decisions come from.
    pub policy: RolloutPolicy,
    /// The model: as its server calls it, or a model of the store, a folder or a GGUF; `expert`; `replay:NAME`.
    pub model: String,
    /// The notation.
    pub dialect: Dialect,
    /// Everything else.
    pub options: Options,
}

/// What decides what attempts do, besides model and notation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// The server with the chat-completions interface; without one, models run in this process.
    pub endpoint: Option<String>,
    /// The environment variable that holds the server's key. The key itself is never kept.
    pub key_variable: Option<String>,
    /// The campaign whose attempts are replayed.
    pub replayed: Option<i64>,
    /// Sampling temperature.
    pub temperature: Option<f64>,
    /// Each attempt's seed is drawn from it.
    pub seed: u64,
    /// US dollars for a million tokens of conversations, cached conversations and answers.
    pub prices: [f64; 3],
    /// A folder of templates in place of built-in ones, on the machines of workers.
    pub templates: Option<PathBuf>,
    /// SHA-256 of the templates that are in force.
    pub templates_sha256: String,
    /// Whether the tests that judge the repair are taken out of the repository.
    pub hide_tests: bool,
    /// Answers of the model.
    pub steps: usize,
    /// Seconds of model and commands together.
    pub wall_seconds: u64,
    /// Seconds of one command.
    pub command_seconds: u64,
    /// Tokens of all queries and answers together.
    pub tokens: Option<u64>,
    /// US dollars.
    pub cost: Option<f64>,
    /// Tokens of one answer.
    pub answer_tokens: Option<u64>,
    /// Tokens of conversation at which old observations are left out.
    pub context_tokens: Option<u64>,
}

impl Campaign {
    /// Its interface. Templates that are not those of the request are an error: attempts would not be alike.
    pub fn interface(&self) -> Result<Interface, StageError> {
        let unusable = |reason: String| StageError {
            retry: false,
            ..StageError::infra(reason)
        };
        let options = &self.options;
        let interface = Interface::new(self.dialect, TESTBED, options.templates.as_deref())
            .map_err(|error| unusable(error.to_string()))?;
        if interface.templates_digest() == options.templates_sha256 {
            return Ok(interface);
        }
        Err(unusable(format!(
            "the templates here have the digest {}, and the campaign was asked for with {}; give workers the same templates, or \
             ask for the campaign anew",
            interface.templates_digest(),
            options.templates_sha256
        )))
    }

    /// What each attempt may use.
    pub fn limits(&self) -> AttemptLimits {
        let options = &self.options;
        AttemptLimits {
            steps: options.steps,
            wall: Duration::from_secs(options.wall_seconds),
            command: Duration::from_secs(options.command_seconds),
            tokens: options.tokens,
            cost: options.cost,
            answer_tokens: options.answer_tokens,
            ..AttemptLimits::default()
        }
    }

    /// How much conversation a query has.
    pub fn context(&self) -> ContextOptions {
        ContextOptions {
            most_tokens: self.options.context_tokens,
            ..ContextOptions::default()
        }
    }

    /// As the store keeps it.
    pub fn to_stored(&self) -> NewCampaign {
        NewCampaign {
            policy: self.policy,
            model: self.model.clone(),
            interface: self.dialect.name().to_owned(),
            options: serde_json::json!(self.options),
        }
    }

    /// A stored one.
    pub async fn load(pool: &PgPool, id: i64) -> Result<Self, StageError> {
        let stored = campaigns::get(pool, id).await?;
        let stored = stored
            .ok_or_else(|| StageError::infra(format!("campaign {id} is not in the store")))?
            .asked;
        let unreadable = |reason: String| {
            StageError::infra(format!(
                "campaign {id} cannot be read: {reason}; was it asked for by a newer swemill?"
            ))
        };
        Ok(Self {
            policy: stored.policy,
            model: stored.model,
            dialect: (stored.interface.parse::<Dialect>())
                .map_err(|error| unreadable(error.to_string()))?,
            options: serde_json::from_value(stored.options)
                .map_err(|error| unreadable(error.to_string()))?,
        })
    }
}
