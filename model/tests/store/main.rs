//! The model store against servers that behave well and badly.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "what a test sets up must work; the line that did not is what one wants to see"
)]

mod local;
#[path = "../common/models.rs"]
mod models;
mod packages;
mod pulls;
mod real;
mod server;
