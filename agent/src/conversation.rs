//! What the model is sent: the whole conversation, but for old observations once it grows too long.
//!
//! Servers keep what they have computed for a beginning that they have seen before. So nothing that was sent is changed
//! step by step; when the context is nearly full, a block of the oldest observations is left out at once, down to a lower
//! mark, and then nothing changes again for many steps.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::interface::Interface;
use crate::lm::Usage;
use crate::message::{Message, Role};
use crate::templates::TemplateError;

/// Characters a token, where the server has not said otherwise: too few rather than too many.
const CHARACTERS_A_TOKEN: u64 = 3;
/// Shorter observations are not worth leaving out, in bytes.
const SHORT: usize = 200;

/// How much conversation a model is sent.
#[derive(Clone, Debug, PartialEq)]
pub struct ContextOptions {
    /// Tokens of conversation at which observations are left out; none are without it.
    pub most_tokens: Option<u64>,
    /// The part of `most_tokens` that is left then.
    pub left: f64,
    /// The last observations are always kept: this many steps'.
    pub kept_steps: usize,
}

impl Default for ContextOptions {
    fn default() -> Self {
        Self {
            most_tokens: None,
            left: 0.6,
            kept_steps: 5,
        }
    }
}

/// Observations were left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Elision {
    /// The query from which on they are missing.
    pub query: usize,
    /// Observations of the steps before this one are.
    pub steps: usize,
}

/// The messages of the next query.
#[derive(Clone, Debug)]
pub(crate) struct Conversation {
    messages: Vec<Message>,
    /// The messages of each step.
    steps: Vec<Range<usize>>,
    /// Observations of this many steps are left out.
    elided: usize,
    /// Tokens that the server has counted, and the bytes that they were.
    counted: (u64, u64),
    bytes: u64,
}

impl Conversation {
    pub(crate) fn new(opening: Vec<Message>) -> Self {
        Self {
            bytes: opening.iter().map(size).sum(),
            messages: opening,
            steps: Vec::new(),
            elided: 0,
            counted: (0, 0),
        }
    }

    pub(crate) fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// Adds a step's messages. `usage` tells what the messages before them were in tokens.
    pub(crate) fn add(&mut self, gained: &[Message], usage: Usage) {
        if usage.prompt_tokens > 0 {
            self.counted = (usage.prompt_tokens, self.bytes);
        }
        let first = self.messages.len();
        self.messages.extend_from_slice(gained);
        self.steps.push(first..self.messages.len());
        self.bytes += gained.iter().map(size).sum::<u64>();
    }

    /// About how many tokens it is.
    fn tokens(&self) -> u64 {
        let (tokens, bytes) = self.counted;
        if self.bytes >= bytes {
            tokens + (self.bytes - bytes) / CHARACTERS_A_TOKEN
        } else {
            tokens.saturating_sub((bytes - self.bytes) / CHARACTERS_A_TOKEN)
        }
    }

    /// Leaves old observations out if it has grown too long.
    pub(crate) fn shorten(
        &mut self,
        options: &ContextOptions,
        interface: &Interface,
    ) -> Result<Option<Elision>, TemplateError> {
        let Some(most) = options.most_tokens else {
            return Ok(None);
        };
        if self.tokens() <= most {
            return Ok(None);
        }
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a number of tokens, both far from the ends of their types"
        )]
        let mark = (most as f64 * options.left.clamp(0.0, 1.0)) as u64;
        let before = self.elided;
        let last = self.steps.len().saturating_sub(options.kept_steps);
        while self.elided < last && self.tokens() > mark {
            for index in self.steps[self.elided].clone() {
                self.elide(index, interface)?;
            }
            self.elided += 1;
        }
        Ok((self.elided > before).then_some(Elision {
            query: self.steps.len(),
            steps: self.elided,
        }))
    }

    fn elide(&mut self, index: usize, interface: &Interface) -> Result<(), TemplateError> {
        let message = &mut self.messages[index];
        if message.role == Role::Assistant || message.content.len() <= SHORT {
            return Ok(());
        }
        let before = size(message);
        message.content = interface.elided(&message.content)?;
        self.bytes = (self.bytes + size(message)).saturating_sub(before);
        Ok(())
    }
}

fn size(message: &Message) -> u64 {
    let calls = message.tool_calls.iter();
    let calls: usize = calls
        .map(|call| call.name.len() + call.arguments.len())
        .sum();
    (message.content.len() + calls) as u64
}
