//! Requests and answers of the chat-completions interface.

use serde::Deserialize;
use serde_json::{Value, json};

use super::OpenAiOptions;
use crate::lm::{Completion, Query, Usage};
use crate::message::{Message, ToolCall};

/// What a million tokens cost, in US dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Prices {
    /// Of the conversation.
    pub prompt: f64,
    /// Of the conversation, where the server had them in its cache.
    pub cached: f64,
    /// Of the answer.
    pub completion: f64,
}

impl Prices {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a query has fewer tokens than a float has digits"
    )]
    fn cost(&self, usage: &Usage) -> f64 {
        let fresh = usage.prompt_tokens.saturating_sub(usage.cached_tokens);
        let millionths = fresh as f64 * self.prompt
            + usage.cached_tokens as f64 * self.cached
            + usage.completion_tokens as f64 * self.completion;
        millionths / 1e6
    }
}

/// The body of a request.
pub(super) fn request(options: &OpenAiOptions, query: &Query<'_>) -> Vec<u8> {
    let mut body = options.extra.clone();
    let messages: Vec<Value> = query.messages.iter().map(Message::to_openai).collect();
    body.insert("model".into(), json!(options.model));
    body.insert("messages".into(), json!(messages));
    if !query.tools.is_empty() {
        body.insert("tools".into(), json!(query.tools));
    }
    if !options.stop.is_empty() {
        body.insert("stop".into(), json!(options.stop));
    }
    let numbers = [
        ("temperature", options.temperature.map(|value| json!(value))),
        ("seed", options.seed.map(|value| json!(value))),
        ("max_tokens", query.max_tokens.map(|value| json!(value))),
    ];
    for (name, value) in numbers {
        if let Some(value) = value {
            body.insert(name.into(), value);
        }
    }
    Value::Object(body).to_string().into_bytes()
}

#[derive(Deserialize)]
struct Answer {
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Option<Counts>,
}

#[derive(Deserialize)]
struct Choice {
    message: Said,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    tool_calls: Option<Vec<SaidCall>>,
}

#[derive(Deserialize)]
struct SaidCall {
    #[serde(default)]
    id: Option<String>,
    function: SaidFunction,
}

#[derive(Deserialize)]
struct SaidFunction {
    name: String,
    /// JSON as text; some servers send it unwrapped.
    #[serde(default)]
    arguments: Value,
}

#[derive(Default, Deserialize)]
struct Counts {
    #[serde(default)]
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
    #[serde(default)]
    prompt_tokens_details: Option<Details>,
}

#[derive(Deserialize)]
struct Details {
    #[serde(default)]
    cached_tokens: Option<u64>,
}

/// Reads an answer.
pub(super) fn completion(bytes: &[u8], prices: &Prices) -> Result<Completion, String> {
    let answer: Answer = serde_json::from_slice(bytes).map_err(|error| {
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
        format!("{error}, in {shown:?}")
    })?;
    let mut choices = answer.choices.into_iter();
    let choice = choices.next().ok_or("it has no choices")?;
    let counts = answer.usage.unwrap_or_default();
    let details = counts.prompt_tokens_details;
    let mut usage = Usage {
        prompt_tokens: counts.prompt_tokens,
        completion_tokens: counts.completion_tokens,
        cached_tokens: details
            .and_then(|details| details.cached_tokens)
            .unwrap_or(0),
        cost: 0.0,
    };
    usage.cost = prices.cost(&usage);
    let calls = choice.message.tool_calls.unwrap_or_default();
    let calls = calls.into_iter().enumerate().map(|(index, call)| ToolCall {
        id: call.id.unwrap_or_else(|| format!("call_{index}")),
        name: call.function.name,
        arguments: match call.function.arguments {
            Value::String(text) => text,
            Value::Null => String::new(),
            other => other.to_string(),
        },
    });
    Ok(Completion {
        content: choice.message.content.unwrap_or_default(),
        tool_calls: calls.collect(),
        finish_reason: choice.finish_reason.unwrap_or_default(),
        usage,
        seconds: None,
    })
}

/// The message and the code of an error, in the forms that servers have for it.
pub(super) fn error(bytes: &[u8]) -> (String, String) {
    let value: Value = serde_json::from_slice(bytes).unwrap_or(Value::Null);
    let error = value.get("error").unwrap_or(&value);
    let text = |name: &str| error.get(name).and_then(Value::as_str);
    let message = text("message").or(error.as_str()).map_or_else(
        || String::from_utf8_lossy(&bytes[..bytes.len().min(500)]).into_owned(),
        str::to_owned,
    );
    (message, text("code").unwrap_or_default().to_owned())
}

/// Whether a refusal says that the conversation is too long: `OpenAI` has a code for it, other servers only words.
pub(super) fn is_overflow(status: u16, code: &str, message: &str) -> bool {
    const WORDS: &[&str] = &[
        "context length",
        "context window",
        "context_length",
        "maximum context",
        "too many tokens",
        "prompt is too long",
        "input is too long",
    ];
    let message = message.to_lowercase();
    matches!(status, 400 | 413 | 422)
        && (code == "context_length_exceeded" || WORDS.iter().any(|words| message.contains(words)))
}
