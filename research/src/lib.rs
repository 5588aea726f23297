//! Research methods, one module each.
