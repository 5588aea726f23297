//! GGUF, the single-file format of llama.cpp: metadata, tokenizer and tensors, many of them quantised.
//!
//! The layout is that of ggml's `docs/gguf.md`, versions 2 and 3, little-endian.

mod blocks;
mod cursor;
mod format;
mod header;
mod names;
mod source;

pub use format::Format;
pub use header::Gguf;
pub use source::{GgufWeights, Keep};
