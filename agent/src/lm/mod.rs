//! Language models: the trait, and its implementations.

pub mod error;
pub mod openai;
pub mod replay;

use std::fmt::Debug;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::message::{Message, ToolCall};

pub use error::{Class, LmError};
pub use openai::OpenAi;
pub use replay::Replay;

/// Something that answers a conversation. Implementations are shared by all attempts of a process.
#[async_trait]
pub trait Lm: Debug + Send + Sync {
    /// What trajectories and predictions call it.
    fn name(&self) -> &str;

    /// What kind of policy it is; no export passes one off as another.
    fn policy(&self) -> Policy {
        Policy::Model
    }

    /// Answers. Retries of failures that are nobody's fault are the implementation's business.
    async fn complete(&self, query: Query<'_>) -> Result<Completion, LmError>;
}

/// Where a trajectory's decisions came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// A language model.
    Model,
    /// A script that knows the repair.
    Expert,
    /// An earlier trajectory.
    Replay,
}

impl Policy {
    /// As exports call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Expert => "expert",
            Self::Replay => "replay",
        }
    }
}

/// What a model is asked.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// The conversation so far.
    pub messages: &'a [Message],
    /// Schemas of the tools it may call; empty for text interfaces.
    pub tools: &'a [Value],
    /// The number of this query in its attempt, from 0.
    pub step: usize,
    /// The most tokens it may answer with, if bounded.
    pub max_tokens: Option<u64>,
}

/// What a model answered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Completion {
    /// The text.
    pub content: String,
    /// The tools it calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// Why it ended, as the server says: `stop`, `length`, `tool_calls`.
    pub finish_reason: String,
    /// What it took.
    #[serde(default)]
    pub usage: Usage,
    /// Seconds that the answer took, where the time of failed tries is known apart from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
}

/// Tokens and money.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the conversation, cached ones included.
    pub prompt_tokens: u64,
    /// Tokens of the answer.
    pub completion_tokens: u64,
    /// Tokens of the conversation that the server had in its cache.
    pub cached_tokens: u64,
    /// Cost, in US dollars.
    pub cost: f64,
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.prompt_tokens += other.prompt_tokens;
        self.completion_tokens += other.completion_tokens;
        self.cached_tokens += other.cached_tokens;
        self.cost += other.cost;
    }
}
