//! Kernels of our own for NVIDIA GPUs, where tensor operations would move more memory than they need.
//!
//! The sources are CUDA C that the build script compiles; they have no gradient, so callers see to it that none is wanted.

mod decode_attention;

pub(crate) use decode_attention::{Rows, decode_attention};
