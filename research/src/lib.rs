//! Research methods, one module each.

pub mod chart;
pub mod ladder;
