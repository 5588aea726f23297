//! The model store against servers that behave well and badly.

#![expect(
    clippy::unwrap_used,
    reason = "what a test sets up must work; the line that did not is what one wants to see"
)]

mod local;
mod pulls;
mod real;
mod server;
