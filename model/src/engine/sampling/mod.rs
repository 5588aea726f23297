//! Choosing the next token.
//!
//! What a request draws depends on its own seed and position only: not on what else is in the batch, and not on whether the token was
//! guessed ahead. The order is that of most servers: bias, penalties, grammar, temperature, top-k, top-p, min-p.

mod candidates;
mod logprobs;
mod parameters;
mod penalties;
mod random;
mod sampler;

pub use logprobs::{Alternative, LogProbs};
pub use parameters::{InvalidSampling, Sampling};
pub use sampler::{Drawn, Sampler};
