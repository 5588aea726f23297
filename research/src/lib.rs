//! Research methods, one module each.

pub mod draw;
pub mod envelope;
