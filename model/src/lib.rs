//! The model runtime: one decoder that a configuration shapes into GPT-2, Llama, Qwen2, Gemma 3, OLMo 2 or OLMoE, encoders of
//! the BERT kind, their weights and tokenizers, and the caches that attention reads.
//!
//! In reading order: [`config`] says what a model looks like, [`weights`] opens files and hands out tensors by name, [`batch`] is
//! what a forward pass takes, [`decoder`] runs it through [`layers`] (made of [`ops`]), [`cache`] keeps keys and values and computes
//! attention over them, and [`taps`] lets a caller see and change what happens inside.

pub mod batch;
pub mod cache;
pub mod config;
pub mod decoder;
pub mod error;
pub mod layers;
pub mod ops;
pub mod store;
pub mod taps;
pub mod training;
pub mod weights;

pub use batch::{Batch, Span, Wanted};
pub use cache::Cache;
pub use config::DecoderConfig;
pub use decoder::Decoder;
pub use error::{Error, Result};
pub use taps::Taps;
pub use weights::Weights;
