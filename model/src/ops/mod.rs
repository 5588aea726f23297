//! The operations that layers are made of.
//!
//! Every one of them has a gradient. They are plain compositions of tensor operations, or custom operations with a backward pass;
//! fused operations without one would let parameters freeze without a word.

mod activation;
mod attention;
mod floats;
mod fused;
mod linear;
mod loss;
mod norm;
mod ragged;
mod reduce;
mod rope;

pub use activation::{activate, activate_and_multiply};
pub(crate) use attention::wide;
pub use attention::{causal_softmax, softmax};
pub(crate) use floats::with_floats;
pub(crate) use fused::vectorised;
pub use linear::linear;
pub use loss::cross_entropy;
pub use norm::{layer_norm, rms_norm};
pub use ragged::attention;
pub use reduce::sum_of_squares;
pub use rope::rope;
