//! Attempts of agents in real sandboxes, and what surrounds them.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed; helpers are not test functions to clippy"
)]

mod support;
mod attempts;
