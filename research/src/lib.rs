//! Research methods, one module each.

pub mod chart;
pub mod draw;
pub mod envelope;
pub mod ladder;
