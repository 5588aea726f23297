//! How an engine is set up.

use std::time::Duration;

/// Sizes and limits of an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Positions in a block of keys and values.
    pub block_tokens: usize,
    /// Blocks that there are: together, the tokens that all sequences and kept prefixes may have.
    pub blocks: usize,
    /// Rows of a step at most: how long a long prompt may hold up everyone's next token.
    pub step_tokens: usize,
    /// Sequences that are answered at the same time at most.
    pub sequences: usize,
    /// Requests that may wait.
    pub queue: usize,
    /// Tokens that are guessed ahead at most; 0 for none.
    pub guesses: usize,
    /// Whether prefixes are kept and found again.
    pub prefix_cache: bool,
    /// Events that wait for a client before its sequence is held up.
    pub channel: usize,
    /// How long a client may be held up before its request is given up.
    pub stall: Duration,
    /// Tokens that end an answer.
    pub ends: Vec<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            block_tokens: 16,
            blocks: 4096,
            step_tokens: 512,
            sequences: 64,
            queue: 1024,
            guesses: 8,
            prefix_cache: true,
            channel: 256,
            stall: Duration::from_mins(1),
            ends: Vec::new(),
        }
    }
}

impl Settings {
    /// The same with values that would keep the engine from making progress moved to the nearest that do not.
    pub(super) fn sound(mut self) -> Self {
        self.block_tokens = self.block_tokens.max(1);
        self.blocks = self.blocks.max(1);
        self.sequences = self.sequences.max(1);
        // Every sequence that decodes gets its row, and a prompt gets on beside them.
        self.step_tokens = self.step_tokens.max(self.sequences + self.block_tokens);
        // A step may tell of every guess and of the end.
        self.channel = self.channel.max(self.guesses + 2);
        self
    }
}
