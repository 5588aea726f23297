//! Envelopes of chords against tables, symmetries and themselves.

#![expect(
    clippy::unwrap_used,
    clippy::many_single_char_names,
    reason = "helpers of tests are tests, and the numbers have the paper's names"
)]

mod agreement;
mod counts;
mod near_walls;
mod proofs;
mod properties;
mod singular;
mod speed;
mod tables;
mod walls;
