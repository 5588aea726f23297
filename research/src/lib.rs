//! Research methods, one module each.

pub mod envelope;
