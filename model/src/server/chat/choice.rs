//! One answer to a conversation while it grows.

use serde_json::Value;

use super::Offered;

use crate::{
    engine::{Done, Event, Reason, Token, Usage, Vocabulary},
    server::{identity, logprobs},
    template::{CallFormat, CallStream, Piece, ToolCall},
};

/// Takes an answer's events apart.
#[derive(Debug)]
pub(super) struct Choice {
    calls: Option<CallStream>,
    called: usize,
}

/// What an event brought.
#[derive(Debug, Default)]
pub(super) struct Progress {
    pub(super) parts: Vec<Part>,
    pub(super) logprobs: Option<Value>,
    /// Why the answer ended, and what it took; on the last event.
    pub(super) end: Option<(&'static str, Usage)>,
}

/// A part of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    Text(String),
    Call {
        index: usize,
        id: String,
        call: ToolCall,
    },
}

impl Choice {
    /// A choice whose answer may hold calls of these tools, in this format.
    pub(super) fn new(format: CallFormat, calls: &Offered) -> Self {
        let stream = |tools| CallStream::new(format, tools);
        Self {
            calls: calls.clone().map(stream),
            called: 0,
        }
    }

    /// Takes an event that is no failure.
    pub(super) fn take(&mut self, event: Event, vocabulary: &Vocabulary) -> Progress {
        match event {
            Event::Token(token) => self.token(&token, vocabulary),
            Event::Done(done) => self.done(&done),
            Event::Failed(_) => Progress::default(),
        }
    }

    fn token(&mut self, token: &Token, vocabulary: &Vocabulary) -> Progress {
        Progress {
            parts: self.parts(&token.text),
            logprobs: logprobs::of_chat(token, vocabulary),
            end: None,
        }
    }

    fn done(&mut self, done: &Done) -> Progress {
        let mut parts = self.parts(&done.text);
        let rest = self.calls.as_mut().map(CallStream::finish);
        parts.extend(self.number(rest.unwrap_or_default()));
        let finish = match done.reason {
            Reason::Length => "length",
            _ if self.called > 0 => "tool_calls",
            _ => "stop",
        };
        Progress {
            parts,
            logprobs: None,
            end: Some((finish, done.usage)),
        }
    }

    fn parts(&mut self, text: &str) -> Vec<Part> {
        let pieces = match &mut self.calls {
            Some(calls) => calls.push(text),
            None if text.is_empty() => Vec::new(),
            None => vec![Piece::Text(text.to_owned())],
        };
        self.number(pieces)
    }

    fn number(&mut self, pieces: Vec<Piece>) -> Vec<Part> {
        let mut number = |piece| match piece {
            Piece::Text(text) => Part::Text(text),
            Piece::Call(call) => {
                self.called += 1;
                Part::Call {
                    index: self.called - 1,
                    id: identity::name("call_"),
                    call,
                }
            }
        };
        pieces.into_iter().map(&mut number).collect()
    }
}
