//! The model runtime.

pub mod store;
