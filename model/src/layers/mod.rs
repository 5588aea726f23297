//! The layers of a decoder.

mod attention;
mod block;
mod embedding;
mod experts;
mod linear;
mod mlp;
mod norm;
mod rotary;

pub use attention::Attention;
pub use block::Block;
pub use embedding::Embedding;
pub use experts::Experts;
pub use linear::Linear;
pub use mlp::Mlp;
pub use norm::Norm;
pub use rotary::{Rotary, Rotation};
