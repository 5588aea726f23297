//! A real model as people use it: greedy answers against llama.cpp, the engine against itself, chat templates against transformers.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests fail by panicking, and print what they measured or why they did not run"
)]

mod engine;
mod greedy;
mod host;
#[path = "../common/models.rs"]
mod models;
mod templates;
mod training;
