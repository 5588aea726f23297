//! Builds in real sandboxes with packages from the index: each test is one small repository, one situation.
#![expect(
    clippy::unwrap_used,
    reason = "a test that panics has failed, which is what it is for"
)]

mod builds;
mod hostile;
mod support;
