//! What a client asks of the engine, and what it gets.

use super::{GrammarState, InvalidSampling, LogProbs, Sampling};

/// A prompt and how to answer it.
#[derive(Debug)]
pub struct Request {
    /// The prompt's tokens; at least one.
    pub prompt: Vec<u32>,
    /// How tokens are chosen.
    pub sampling: Sampling,
    /// Tokens of the answer at most; cut to what the context leaves.
    pub max_tokens: usize,
    /// Texts that end the answer and are not part of it.
    pub stop: Vec<String>,
    /// Go on after tokens that end an answer (for measurements).
    pub ignore_end: bool,
    /// Give out the text of marks too.
    pub show_special: bool,
    /// Larger goes first.
    pub priority: i32,
    /// Who asks: waiting requests of the same priority are taken so that everyone gets the same share.
    pub tenant: String,
    /// Requests share kept prefixes only with those of the same salt.
    pub salt: String,
    /// What the answer must look like.
    pub grammar: Option<GrammarState>,
}

impl Request {
    /// A greedy request for this prompt.
    pub fn new(prompt: Vec<u32>, max_tokens: usize) -> Self {
        Self {
            prompt,
            sampling: Sampling::default(),
            max_tokens,
            stop: Vec::new(),
            ignore_end: false,
            show_special: false,
            priority: 0,
            tenant: String::new(),
            salt: String::new(),
            grammar: None,
        }
    }
}

/// What happens to a request, in order; `Done` or `Failed` is the last.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A token was chosen.
    Token(Token),
    /// The answer is complete.
    Done(Done),
    /// There will be no (more) answer.
    Failed(RequestError),
}

/// A token of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// The token.
    pub token: u32,
    /// Text that is certain now: not always the token's own, for characters and stop strings span tokens.
    pub text: String,
    /// Log-probabilities, if they were asked for.
    pub logprobs: Option<LogProbs>,
}

/// The end of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Done {
    /// Text that was held back until the end.
    pub text: String,
    /// Why it ended.
    pub reason: Reason,
    /// What it took.
    pub usage: Usage,
}

/// Why an answer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The model said so.
    End,
    /// A stop string came.
    StopString(String),
    /// Nothing can follow in the grammar.
    Grammar,
    /// The asked-for length, or the context's end.
    Length,
}

/// Tokens that a request took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens of the prompt.
    pub prompt: usize,
    /// Those of them that were found in the prefix cache.
    pub cached: usize,
    /// Tokens of the answer, its end included.
    pub answer: usize,
    /// Tokens that were guessed right.
    pub guessed: usize,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// A prompt without tokens.
    #[error("the prompt is empty; give at least one token")]
    EmptyPrompt,
    /// A prompt that leaves no room for an answer.
    #[error(
        "the prompt has {prompt} tokens, but the model's context holds {context} with the answer; shorten the prompt"
    )]
    ContextLength {
        /// Tokens of the prompt.
        prompt: usize,
        /// Positions that there are.
        context: usize,
    },
    /// A token that the model does not have.
    #[error("token {token} is outside of the vocabulary of {vocabulary}")]
    UnknownToken {
        /// The token.
        token: u32,
        /// How many there are.
        vocabulary: usize,
    },
    /// A value that makes no sense.
    #[error(transparent)]
    Sampling(#[from] InvalidSampling),
    /// More requests wait than the queue holds.
    #[error("{waiting} requests are waiting already; try again later")]
    QueueFull {
        /// Requests that wait.
        waiting: usize,
    },
    /// The engine is going down.
    #[error("the engine is shutting down and takes no more requests")]
    ShuttingDown,
    /// The client did not take what was made for it.
    #[error("the client has not read its answer for {seconds} seconds")]
    ClientStalled {
        /// How long the engine waited.
        seconds: u64,
    },
    /// The model's logits are no numbers: damaged weights, or a number format that is too small for them.
    #[error("the model failed: {0}")]
    NotFinite(String),
    /// The model failed in another way.
    #[error("the model failed: {0}")]
    Model(String),
}
