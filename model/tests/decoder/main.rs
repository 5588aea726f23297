//! Decoders against transformers and llama.cpp, caches against each other, files that are damaged.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests fail by panicking, and print what they measured or why they did not run"
)]

mod caches;
mod common;
mod damaged;
mod encoders;
mod families;
mod ggufs;
#[path = "../common/models.rs"]
mod models;
mod real;
mod taps;
mod written;
