//! A model that runs in this process: the batching engine behind the agent's trait.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;
use swemill_agent::lm::{Completion, Lm, LmError, Query, Usage};
use swemill_agent::message::{Message, ToolCall};
use swemill_model::device::DeviceChoice;
use swemill_model::engine::{
    self, Engine, PagedDecoder, Reason, Request, RequestError, Sampling, Vocabulary,
};
use swemill_model::store::Store;
use swemill_model::template::{CallFormat, ChatTemplate, parse_calls};
use swemill_model::{Model, Options, Tokenizer};

use crate::failure::StageError;
use crate::settings::Settings;

/// Tokens of an answer where the campaign does not say.
const ANSWER_TOKENS: usize = 1024;

/// A model with its engine. Copies share both; each samples in its own way.
#[derive(Clone, Debug)]
pub(super) struct EngineLm {
    shared: Arc<Shared>,
    temperature: f32,
    seed: u64,
}

#[derive(Debug)]
struct Shared {
    name: String,
    engine: Engine,
    tokenizer: Tokenizer,
    template: ChatTemplate,
    calls: CallFormat,
}

/// Opens a model of the store, a folder or a GGUF, and starts its engine.
pub(super) async fn open(settings: &Settings, name: String) -> Result<EngineLm, StageError> {
    let unusable = |name: &str, reason: String| StageError {
        retry: false,
        ..StageError::infra(format!(
            "the model {name} cannot be used: {reason}; `swemill model list` shows what is here"
        ))
    };
    let asked = name.clone();
    let (home, device) = (settings.home.clone(), settings.device);
    let opened = tokio::task::spawn_blocking(move || start(&home, &name, device));
    match opened.await {
        Ok(Ok(shared)) => Ok(EngineLm {
            shared: Arc::new(shared),
            temperature: 0.0,
            seed: 0,
        }),
        Ok(Err(reason)) => Err(unusable(&asked, reason)),
        Err(error) => Err(unusable(&asked, error.to_string())),
    }
}

fn start(home: &Path, name: &str, device: DeviceChoice) -> Result<Shared, String> {
    let path = if Path::new(name).exists() {
        PathBuf::from(name)
    } else {
        let found = Store::new(home).get(name);
        found.map_err(|error| error.to_string())?.weights()
    };
    let options = Options::at(device, None).map_err(|error| error.to_string())?;
    let model = Model::open(&path, &options).map_err(|error| error.to_string())?;
    let source = model
        .chat_template
        .as_deref()
        .ok_or("it has no chat template, and agents need one")?;
    let spelling = |token: Option<u32>| {
        let spelling = token.and_then(|token| model.tokenizer.spelling(token));
        spelling.unwrap_or_default()
    };
    let end = model.end_tokens.first().copied();
    let template = ChatTemplate::new(source, &spelling(model.begin_token), &spelling(end))
        .map_err(|error| error.to_string())?;
    let settings = engine::Settings {
        ends: model.end_tokens.iter().copied().collect(),
        ..engine::Settings::default()
    };
    let vocabulary = Arc::new(Vocabulary::of(&model.tokenizer));
    let decoder = PagedDecoder::new(model.decoder, &settings).map_err(|error| error.to_string())?;
    let engine = Engine::start(Box::new(decoder), vocabulary, settings);
    Ok(Shared {
        name: name.to_owned(),
        engine: engine.map_err(|error| error.to_string())?,
        calls: CallFormat::of_template(source),
        tokenizer: model.tokenizer,
        template,
    })
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
            shared: self.shared.clone(),
            temperature,
            seed: seed.unsigned_abs(),
        }
    }

    fn prompt(&self, query: &Query<'_>) -> Result<Vec<u32>, LmError> {
        let shared = &self.shared;
        let messages: Vec<Value> = query.messages.iter().map(Message::to_openai).collect();
        let tools = Some(query.tools).filter(|tools| !tools.is_empty());
        let rendered = shared.template.render(&messages, tools, true, &Value::Null);
        let text = rendered.map_err(|error| self.refused(error.to_string()))?;
        let tokens = shared.tokenizer.encode(&text);
        tokens.map_err(|error| self.refused(error.to_string()))
    }

    fn refused(&self, reason: String) -> LmError {
        LmError::Refused {
            model: self.shared.name.clone(),
            status: 400,
            reason,
        }
    }

    fn failed(&self, error: RequestError) -> LmError {
        let model = self.shared.name.clone();
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
        &self.shared.name
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
        let answer = self.shared.engine.submit(request);
        let answer = answer.map_err(|error| self.failed(error))?;
        let outcome = answer.collect().await.map_err(|error| self.failed(error))?;
        let (content, tool_calls) = if query.tools.is_empty() {
            (outcome.text, Vec::new())
        } else {
            called(&outcome.text, self.shared.calls, query.step)
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
