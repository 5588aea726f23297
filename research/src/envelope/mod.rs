//! Envelopes of chords (Giblin and Wettig, "Envelopes of lines, unfoldings and breaking symmetry", arXiv 2506.16547).
//!
//! A point runs along the unit circle, another `m = p/q` times as fast along a circle of radius `r` about `(a, b)`. The
//! lines through both have an envelope, with cusps, crossings and branches to infinity. Reading order: the numbers
//! ([`parameters`]), the moving line ([`family`]), what vanishes where ([`conditions`]), what has no envelope
//! ([`degenerate`]), the counts ([`count`]).

#![expect(
    clippy::many_single_char_names,
    reason = "m, p, q, a, b, r, u and v are the names that the paper gives to these numbers"
)]

pub mod bitangents;
pub mod closed_form;
pub mod conditions;
pub mod count;
pub mod degenerate;
pub mod drawing;
pub mod enclosure;
pub mod error;
pub mod exact;
pub mod family;
pub mod laurent;
pub mod linear;
pub mod nodes;
pub mod parameters;
pub mod singularity;
pub mod slice;
pub mod trigonometric;
pub mod vector;
pub mod walls;
