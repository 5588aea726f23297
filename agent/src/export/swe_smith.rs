//! SWE-smith's training trajectories: `tool`, `xml` and `ticks`, a JSON line an attempt. The schemas of the tools go beside
//! them in a file of their own ([`tool_schemas`]), which SWE-smith leaves out.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::action::Call;
use crate::interface::render;
use crate::message::{Message, Role};
use crate::trajectory::{Span, Step, Trajectory};

/// How actions are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Style {
    /// Native tool calls.
    Tool,
    /// `<function=…>` in the text: what SWE-agent-LM is trained on.
    Xml,
    /// A thought and a block of three backticks.
    Ticks,
}

impl Style {
    /// The word used in files, flags and docs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Xml => "xml",
            Self::Ticks => "ticks",
        }
    }
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The conversation up to the last answer.
    pub messages: Vec<Value>,
    /// The instance.
    pub instance_id: String,
    /// Whether the hidden tests pass; `null` before grading.
    pub resolved: Option<bool>,
    /// Who decided.
    pub model: String,
    /// A name of the attempt.
    pub traj_id: String,
    /// What it changed.
    pub patch: String,
    /// `model`, `expert` or `replay`.
    pub policy: String,
    /// What counts in the loss.
    pub loss_spans: Vec<Span>,
}

/// Makes a row. `attempt` tells attempts at one instance apart.
pub fn row(trajectory: &Trajectory, style: Style, attempt: &str) -> Row {
    let mut messages = opening(trajectory, style);
    let mut loss_spans = Vec::new();
    for step in &trajectory.steps {
        for message in &step.messages {
            let (value, text) = convert(step, message, style, trajectory.dialect.is_mini());
            if message.role == Role::Assistant && step.malformed.is_none() {
                let has_calls = value.get("tool_calls").is_some();
                loss_spans.push(Span::of(messages.len(), &text, has_calls));
            }
            messages.push(value);
        }
    }
    Row {
        messages,
        instance_id: trajectory.task.instance_id.clone(),
        resolved: trajectory.resolved,
        model: super::predictions::name(trajectory),
        traj_id: format!("{}.{attempt}", trajectory.task.instance_id),
        patch: trajectory.model_patch(),
        policy: trajectory.policy.as_str().to_owned(),
        loss_spans,
    }
}

/// The schemas of the tools, for the file beside the rows.
pub fn tool_schemas(trajectory: &Trajectory) -> Value {
    json!(trajectory.tools)
}

/// The prompts of the style, whatever notation the attempt was made in: a model is to be trained with what it is asked
/// with. The texts are those that the attempt recorded where its notation is the style's, the built-in ones otherwise.
fn opening(trajectory: &Trajectory, style: Style) -> Vec<Value> {
    use crate::interface::{Dialect, Interface};
    let is_mini = trajectory.dialect.is_mini();
    let wanted = match (style, is_mini) {
        (Style::Tool, true) => Dialect::MiniToolCalls,
        (Style::Tool, false) => Dialect::SweAgentFunctionCalling,
        (Style::Ticks, true) => Dialect::MiniFenced,
        (Style::Ticks, false) => Dialect::SweAgentThoughtAction,
        (Style::Xml, _) => Dialect::SweAgentXml,
    };
    let rendered = (wanted != trajectory.dialect)
        .then(|| Interface::new(wanted, &trajectory.root, None))
        .and_then(Result::ok)
        .and_then(|interface| interface.opening(&trajectory.task).ok());
    let messages = rendered.as_ref().unwrap_or(&trajectory.opening);
    messages.iter().map(Message::to_openai).collect()
}

/// A message in the style, and its text.
fn convert(step: &Step, message: &Message, style: Style, is_mini: bool) -> (Value, String) {
    let role = match message.role {
        Role::Tool if style != Style::Tool => Role::User,
        role => role,
    };
    if message.role != Role::Assistant || step.malformed.is_some() {
        let converted = match (style, &message.tool_call_id, step.calls.first()) {
            (Style::Tool, None, Some(call)) if step.malformed.is_none() && role == Role::User => {
                Message::tool(id(step, 0, call), message.content.clone())
            }
            (Style::Tool, _, _) => message.clone(),
            _ => Message::new(role, message.content.clone()),
        };
        return (converted.to_openai(), message.content.clone());
    }
    let converted = answer(step, style, is_mini);
    let text = converted.content.clone();
    (converted.to_openai(), text)
}

/// An answer in the style.
fn answer(step: &Step, style: Style, is_mini: bool) -> Message {
    let thought = step.thought.trim();
    let calls = || step.calls.iter();
    let with = |text: String| format!("{thought}\n\n{text}").trim().to_owned();
    match style {
        Style::Tool => Message {
            tool_calls: calls()
                .enumerate()
                .map(|(index, call)| render::tool_call(&call.action, &id(step, index, call)))
                .collect(),
            ..Message::new(Role::Assistant, thought)
        },
        Style::Xml => {
            let texts: Vec<String> = calls().map(|call| render::xml(&call.action)).collect();
            Message::new(Role::Assistant, with(texts.join("\n")))
        }
        Style::Ticks => {
            let tag = if is_mini { "mswea_bash_command" } else { "" };
            let block = format!("```{tag}\n{}\n```", super::actions(step));
            Message::new(Role::Assistant, with(block))
        }
    }
}

fn id(step: &Step, index: usize, call: &Call) -> String {
    let made = || format!("call_{}_{index}", step.index);
    call.id.clone().unwrap_or_else(made)
}
