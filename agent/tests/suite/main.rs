//! Attempts of agents in real sandboxes, and what surrounds them.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed; helpers are not test functions to clippy"
)]

mod attempts;
mod context;
mod editor;
mod expert;
mod exports;
mod meanwhile;
mod notations;
mod patches;
mod prompts;
#[path = "../../../tests/support/python.rs"]
mod python;
mod readers;
mod resuming;
mod server;
mod sft;
mod support;
