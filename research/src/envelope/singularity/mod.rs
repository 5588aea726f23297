//! Singular points of an envelope: ordinary cusps, swallowtails, butterflies.
//!
//! A zero of E of order k - 1 is a point of type `A_k`. Floats see a wall through its distance: `|E| / |grad E|` at a
//! zero of `E'` is how far the centre (a, b) is, to first order, from a place where that zero is double.

mod butterfly;
mod classify;
mod curve;
mod swallowtail;
mod unfolding;

pub use butterfly::{ButterflyLine, butterfly_lines};
pub use classify::{
    Classification, Order, Singularity, Standing, TOLERANCE, classify, classify_floats,
};
pub use curve::{Region, Walk, swallowtail_curve, swallowtail_surface};
pub use swallowtail::{SwallowtailLine, rational_lines};
pub use unfolding::{PARAMETERS, Parameter, Unfolding};
