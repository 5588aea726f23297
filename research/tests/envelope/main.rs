//! Envelopes of chords against tables, symmetries and themselves.

mod counts;
mod singular;
mod tables;
