//! Products and element-wise operations on the CPU, for inference.
//!
//! - [`Matrix`]: weights of a GGUF file, repacked when loaded ([`packed`]), times rows of activations ([`product`]);
//! - [`attention`]: over contiguous or paged keys and values;
//! - [`element_wise`]: norms, rotations, gates;
//! - [`Pool`]: the threads that share a product;
//! - [`Level`]: which instructions this processor has.

mod activations;
mod aligned;
pub mod attention;
mod block;
mod dense;
pub mod element_wise;
mod error;
mod float_product;
mod format;
mod half_float;
mod lanes;
mod level;
mod matrix;
mod packed;
mod pool;
mod product;
mod shared;
mod unpack;

pub use activations::Activations;
pub use error::KernelError;
pub use format::Format;
pub use level::Level;
pub use matrix::Matrix;
pub use pool::Pool;
