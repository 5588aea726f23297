//! Products and element-wise operations on the CPU, for inference.
//!
//! - [`Matrix`]: weights of a GGUF file, repacked when loaded ([`packed`]), times rows of activations ([`product`]);
//! - [`attention`]: over contiguous or paged keys and values;
//! - [`element_wise`]: norms, rotations, gates;
//! - [`Pool`]: the threads that share a product;
//! - [`Level`]: which instructions this processor has.

#![expect(
    clippy::inline_always,
    reason = "bodies are compiled for the instructions of the function that they are inlined into"
)]
#![expect(
    clippy::extra_unused_type_parameters,
    reason = "bodies that only move bits take the same parameter as those that multiply"
)]
#![expect(
    clippy::needless_range_loop,
    reason = "loops over lanes read several arrays at one index, which is what is vectorised"
)]
#![expect(
    clippy::cast_precision_loss,
    reason = "sums of products of bytes and lengths of rows are exact below 2^24"
)]
#![expect(
    clippy::similar_names,
    reason = "sine and cosine are called so, and a head has a size"
)]

mod activations;
mod aligned;
pub mod attention;
mod block;
mod dense;
pub mod element_wise;
mod error;
mod format;
mod half_float;
mod lanes;
mod level;
mod matrix;
mod packed;
mod pool;
mod product;
mod shared;
pub(crate) mod tensors;
mod unpack;

pub use activations::Activations;
pub use error::KernelError;
pub use format::Format;
pub use level::Level;
pub use matrix::Matrix;
pub use pool::{Pool, start_threads};
