//! A model that runs in this process: the batching engine behind the agent's trait.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use swemill_agent::lm::{Completion, Lm, LmError, Query, Usage};
use swemill_agent::message::{Message, ToolCall};
use swemill_model::device::DeviceChoice;
use swemill_model::engine::{Reason, Request, RequestError, Sampling};
use swemill_model::host::Setup;
use swemill_model::store::Store;
use swemill_model::template::{CallFormat, Conversation, parse_calls};
use swemill_model::{Host, Options};

use crate::failure::StageError;
use crate::models;
use crate::settings::Settings;

/// Tokens of an answer where the campaign does not say.
const ANSWER_TOKENS: usize = 1024;

/// A model on its engine, as the server would answer for it. Copies share both; each samples in its own way.
#[derive(Clone, Debug)]
pub(super) struct EngineLm {
    host: Arc<Host>,
    temperature: f32,
    seed: u64,
}

/// Opens a model of the store, a folder or a GGUF, and starts its engine.
pub(super) async fn open(settings: &Settings, name: String) -> Result<EngineLm, StageError> {
    let asked = name.clone();
    let (home, device) = (settings.home.clone(), settings.device);
    let opened = tokio::task::spawn_blocking(move || start(&home, &name, device)).await;
    let host = opened.map_err(anyhow::Error::from).flatten();
    let host = host.map_err(|error| StageError {
        retry: false,
        ..StageError::infra(format!("the model {asked} cannot be used: {error:#}"))
    })?;
    Ok(EngineLm {
        host: Arc::new(host),
        temperature: 0.0,
        seed: 0,
    })
}

fn start(home: &Path, name: &str, device: DeviceChoice) -> anyhow::Result<Host> {
    let weights = models::find(name, &Store::new(home))?.weights;
    let options = Options::at(device, None)?;
    let host = Host::open(name, &weights, &options, &Setup::default())?;
    anyhow::ensure!(
        host.converses(),
        "it has no chat template, and agents need one"
    );
    Ok(host)
}

impl EngineLm {
    /// The same model, sampling at this temperature from this seed.
    pub(super) fn sampling(&self, temperature: f64, seed: i64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a temperature is a small number"
        )]
        let temperature = temperature as f32;
        Self {
            host: self.host.clone(),
            temperature,
            seed: seed.unsigned_abs(),
        }
    }

    fn prompt(&self, query: &Query<'_>) -> Result<Vec<u32>, LmError> {
        let conversation = Conversation {
            messages: query.messages.iter().map(Message::to_openai).collect(),
            tools: query.tools.to_vec(),
            ..Conversation::default()
        };
        let prompt = self.host.chat_prompt(&conversation);
        prompt.map_err(|error| self.refused(error.to_string()))
    }

    fn refused(&self, reason: String) -> LmError {
        LmError::Refused {
            model: self.host.name().to_owned(),
            status: 400,
            reason,
        }
    }

    fn failed(&self, error: RequestError) -> LmError {
        let model = self.host.name().to_owned();
        match error {
            RequestError::ContextLength { .. } => LmError::ContextOverflow {
                model,
                reason: error.to_string(),
            },
            RequestError::QueueFull { .. } | RequestError::Model(_) => LmError::Unavailable {
                model,
                attempts: 1,
                reason: error.to_string(),
            },
            error => self.refused(error.to_string()),
        }
    }
}

#[async_trait]
impl Lm for EngineLm {
    fn name(&self) -> &str {
        self.host.name()
    }

    async fn complete(&self, query: Query<'_>) -> Result<Completion, LmError> {
        let prompt = self.prompt(&query)?;
        let bound = query.max_tokens.map(usize::try_from);
        let bound = bound.map_or(ANSWER_TOKENS, |bound| bound.unwrap_or(ANSWER_TOKENS));
        let mut request = Request::new(prompt, bound);
        request.sampling = Sampling {
            temperature: self.temperature,
            seed: self.seed.wrapping_add(query.step as u64),
            ..Sampling::default()
        };
        let answer = self.host.engine().submit(request);
        let answer = answer.map_err(|error| self.failed(error))?;
        let outcome = answer.collect().await.map_err(|error| self.failed(error))?;
        let (content, tool_calls) = if query.tools.is_empty() {
            (outcome.text, Vec::new())
        } else {
            called(&outcome.text, self.host.call_format(), query.step)
        };
        let usage = outcome.done.usage;
        Ok(Completion {
            finish_reason: match outcome.done.reason {
                Reason::Length => "length",
                _ if !tool_calls.is_empty() => "tool_calls",
                _ => "stop",
            }
            .to_owned(),
            content,
            tool_calls,
            usage: Usage {
                prompt_tokens: usage.prompt as u64,
                completion_tokens: usage.answer as u64,
                cached_tokens: usage.cached as u64,
                cost: 0.0,
            },
            seconds: None,
        })
    }
}

/// The text and the calls of an answer.
fn called(text: &str, format: CallFormat, step: usize) -> (String, Vec<ToolCall>) {
    let parsed = parse_calls(text, format);
    let calls = parsed.calls.into_iter().enumerate();
    let calls = calls.map(|(index, call)| ToolCall {
        id: format!("call_{step}_{index}"),
        name: call.name,
        arguments: call.arguments,
    });
    (parsed.text, calls.collect())
}
