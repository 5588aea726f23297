//! Which text a model is to be trained on.

use serde::{Deserialize, Serialize};

use super::Trajectory;
use crate::message::{Message, Role};

/// A stretch of a conversation that counts in the loss; all else is masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The message, from 0.
    pub message: usize,
    /// The first character of its content (Unicode scalar values, as Python counts).
    pub start: usize,
    /// The character after the last.
    pub end: usize,
    /// Whether the message's tool calls count, too.
    pub tool_calls: bool,
}

impl Span {
    /// All of a message.
    pub(crate) fn of(message: usize, content: &str, tool_calls: bool) -> Self {
        Self {
            message,
            start: 0,
            end: content.chars().count(),
            tool_calls,
        }
    }
}

impl Trajectory {
    /// What counts in [`messages`](Self::messages): answers of the model that were understood. Malformed answers stay in
    /// the conversation, for what follows refers to them, but nobody should learn them.
    pub fn loss_spans(&self) -> Vec<Span> {
        let mut spans = Vec::new();
        let mut index = self.opening.len();
        for step in &self.steps {
            for message in &step.messages {
                if counts(message) && step.malformed.is_none() {
                    let has_calls = !message.tool_calls.is_empty();
                    spans.push(Span::of(index, &message.content, has_calls));
                }
                index += 1;
            }
        }
        spans
    }
}

fn counts(message: &Message) -> bool {
    message.role == Role::Assistant
}
