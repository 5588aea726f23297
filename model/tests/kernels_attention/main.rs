//! Attention of the CPU against double precision, and against itself.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test may panic as the test may"
)]
#![expect(clippy::cast_precision_loss, reason = "sizes are small")]

#[path = "../common/mod.rs"]
mod common;

mod bits;
mod definition;
mod refusals;
mod sequences;
