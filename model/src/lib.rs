//! The model runtime.
