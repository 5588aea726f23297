//! A row of the export: one conversation with what to learn in it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::trajectory::Span;

/// A message as chat templates take it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatMessage {
    /// `system`, `user`, `assistant` or `tool`.
    pub role: String,
    /// The text.
    pub content: String,
    /// Calls of tools, of answers in the style `tool`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_calls: Option<Vec<ChatCall>>,
    /// The call that this is the result of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_call_id: Option<String>,
}

/// A call of a tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatCall {
    /// Joins the call with its result.
    pub id: String,
    /// `function`.
    pub r#type: String,
    /// What is called.
    pub function: ChatFunction,
}

/// What a call calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatFunction {
    /// The tool.
    pub name: String,
    /// Its arguments as JSON.
    pub arguments: String,
}

/// One attempt to learn from. The columns are the same in JSON lines and in Parquet: docs/FORMATS.md.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The instance.
    pub instance_id: String,
    /// `owner/name` of its repository.
    pub repo: String,
    /// The conversation.
    pub messages: Vec<ChatMessage>,
    /// The schemas of the tools as a JSON list: empty but for the style `tool`.
    pub tools: String,
    /// What counts in the loss; all else is masked.
    pub loss_spans: Vec<Span>,
    /// `tool`, `xml` or `ticks`.
    pub style: String,
    /// The notation that the attempt was made in.
    pub interface: String,
    /// Who decided; `policy=expert` where it was no model.
    pub model: String,
    /// `model`, `expert` or `replay`.
    pub policy: String,
    /// A name of the attempt.
    pub traj_id: String,
    /// How it ended, in SWE-agent's words.
    pub exit_status: String,
    /// Whether the hidden tests pass: always true here.
    pub resolved: bool,
    /// What it changed.
    pub patch: String,
    /// Tokens of all messages and schemas by the tokenizer that was named, without what a chat template adds; none
    /// without a tokenizer.
    pub tokens: Option<i64>,
}

impl Row {
    /// The texts that a model reads or writes: contents, calls, schemas.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        let messages = self.messages.iter().flat_map(texts_of);
        messages.chain((self.tools != "[]").then_some(self.tools.as_str()))
    }

    /// The texts that are learned.
    pub(super) fn learned(&self) -> impl Iterator<Item = &str> {
        let spans = self.loss_spans.iter();
        spans
            .filter_map(|span| self.messages.get(span.message))
            .flat_map(texts_of)
    }
}

fn texts_of(message: &ChatMessage) -> impl Iterator<Item = &str> {
    let calls = message.tool_calls.iter().flatten();
    let functions = calls.map(|call| &call.function);
    let called = functions.flat_map(|function| [function.name.as_str(), &function.arguments]);
    std::iter::once(message.content.as_str()).chain(called)
}

/// Messages of the chat-completions interface, typed.
pub(super) fn typed(messages: Vec<Value>) -> Result<Vec<ChatMessage>, serde_json::Error> {
    messages.into_iter().map(serde_json::from_value).collect()
}
