//! One request while it is answered.

use std::time::Instant;

use tokio::sync::mpsc::{Sender, error::TrySendError};

use super::{
    BlockTable, Done, Event, Reason, Request, RequestError, Sampler, StopStrings, Token, Usage,
    Utf8Stream, Vocabulary, blocks::BlockHash, queue::Queued, speculation::PromptLookup,
};
use crate::{Error, Result};

/// A request with all that its answer needs.
#[derive(Debug)]
pub(super) struct Sequence {
    pub(super) arrival: u64,
    pub(super) submitted: Instant,
    /// The prompt and the answer so far.
    pub(super) tokens: Vec<u32>,
    pub(super) prompt: usize,
    /// Positions whose keys and values are in the blocks.
    pub(super) computed: usize,
    pub(super) table: BlockTable,
    /// The hashes of the prompt's full blocks, for finding them in the prefix cache.
    pub(super) chain: Vec<BlockHash>,
    pub(super) lookup: PromptLookup,
    /// The most tokens that the sequence may have.
    pub(super) longest: usize,
    /// Since when the client has not taken its events.
    pub(super) stalled: Option<Instant>,
    pub(super) first_token: Option<Instant>,
    pub(super) usage: Usage,
    request: Request,
    sampler: Sampler,
    utf8: Utf8Stream,
    stop: StopStrings,
    events: Sender<Event>,
}

impl Sequence {
    /// A sequence for a checked request; `longest` is the most tokens that context and pool allow.
    pub(super) fn new(
        mut request: Request,
        arrival: u64,
        events: Sender<Event>,
        longest: usize,
        block_tokens: usize,
        guesses: usize,
    ) -> Self {
        let tokens = std::mem::take(&mut request.prompt);
        let prompt = tokens.len();
        let stop = StopStrings::new(std::mem::take(&mut request.stop));
        Self {
            arrival,
            submitted: Instant::now(),
            prompt,
            computed: 0,
            table: BlockTable::empty(&request.salt),
            chain: BlockHash::chain(&request.salt, &tokens, block_tokens),
            lookup: PromptLookup::new(guesses),
            longest: longest.min(prompt.saturating_add(request.max_tokens)),
            stalled: None,
            first_token: None,
            usage: Usage {
                prompt,
                ..Usage::default()
            },
            sampler: Sampler::new(request.sampling.clone(), &tokens),
            utf8: Utf8Stream::default(),
            stop,
            events,
            tokens,
            request,
        }
    }

    /// Positions that must be computed before the next token can be chosen.
    pub(super) fn remaining(&self) -> usize {
        self.tokens.len() - self.computed
    }

    pub(super) fn salt(&self) -> &str {
        &self.request.salt
    }

    /// Whether the client has gone.
    pub(super) fn is_abandoned(&self) -> bool {
        self.events.is_closed()
    }

    /// Whether the client's channel has room for `events` more.
    pub(super) fn has_room(&self, events: usize) -> bool {
        self.events.capacity() >= events.min(self.events.max_capacity())
    }

    /// Chooses a token from its logits and tells the client; returns it with the reason to end, if it is the last.
    pub(super) fn choose(
        &mut self,
        logits: &[f32],
        vocabulary: &Vocabulary,
        ends: &[u32],
    ) -> Result<(u32, Option<Reason>)> {
        let mut failure = None;
        let drawn = match &mut self.request.grammar {
            None => self.sampler.draw(logits, None),
            Some(grammar) => {
                let mut restrict = |logits: &mut [f32]| failure = grammar.restrict(logits).err();
                self.sampler.draw(logits, Some(&mut restrict))
            }
        };
        if let Some(failure) = failure {
            return Err(Error::Batch(failure.to_string()));
        }
        let drawn = drawn?;
        let token = drawn.token;
        self.tokens.push(token);
        self.usage.answer += 1;
        self.first_token.get_or_insert_with(Instant::now);
        let ended = ends.contains(&token) && !self.request.ignore_end;
        let mut reason = ended.then_some(Reason::End);
        if let Some(grammar) = &mut self.request.grammar {
            grammar
                .advance(token)
                .map_err(|failure| Error::Batch(failure.to_string()))?;
            if grammar.is_complete() {
                reason.get_or_insert(Reason::Grammar);
            }
        }
        let shown = self.request.show_special || !(vocabulary.is_special(token) || ended);
        let text = if shown && !ended {
            self.utf8.push(vocabulary.bytes(token))
        } else {
            String::new()
        };
        let stopped = self.stop.push(&text);
        if let Some(by) = stopped.by {
            reason = Some(Reason::StopString(by));
        } else if reason.is_none() && self.tokens.len() >= self.longest {
            reason = Some(Reason::Length);
        }
        let event = Token {
            token,
            text: stopped.text,
            logprobs: drawn.logprobs,
        };
        self.send(Event::Token(event));
        Ok((token, reason))
    }

    /// Tells the client that the answer is complete.
    pub(super) fn finish(&mut self, reason: Reason) {
        let text = if matches!(reason, Reason::StopString(_)) {
            String::new()
        } else {
            let end = self.utf8.finish();
            self.stop.push(&end).text + &self.stop.finish()
        };
        let usage = self.usage;
        self.send(Event::Done(Done {
            text,
            reason,
            usage,
        }));
    }

    /// Tells the client that there is no more answer.
    pub(super) fn fail(&self, error: RequestError) {
        self.send(Event::Failed(error));
    }

    /// Sequences are only stepped while their channel has room; a closed one is noticed before the next step.
    fn send(&self, event: Event) {
        if let Err(TrySendError::Full(event)) = self.events.try_send(event) {
            tracing::debug!(
                arrival = self.arrival,
                ?event,
                "the client's channel is full"
            );
        }
    }
}

impl Queued for Sequence {
    fn priority(&self) -> i32 {
        self.request.priority
    }

    fn tenant(&self) -> &str {
        &self.request.tenant
    }

    fn arrival(&self) -> u64 {
        self.arrival
    }
}
