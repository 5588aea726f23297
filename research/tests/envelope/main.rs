//! Envelopes of chords against tables, symmetries and themselves.

mod counts;
mod properties;
mod singular;
mod speed;
mod tables;
