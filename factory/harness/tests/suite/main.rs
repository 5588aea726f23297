//! Small repositories, each one situation, run by the real plugin in real sandboxes.
//!
//! The Pythons are virtual environments of the `python3` on the `PATH`, made once under `target/tmp`.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod attacks;
mod baselines;
mod configurations;
mod fast;
mod statuses;
mod support;
