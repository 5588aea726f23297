//! The model runtime.

pub mod kernels;
