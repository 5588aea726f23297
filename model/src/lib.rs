//! The model runtime: one decoder that a configuration shapes into GPT-2, Llama, Qwen2, Gemma 3, OLMo 2 or OLMoE, encoders of
//! the BERT kind, their weights and tokenizers, and the caches that attention reads.
//!
//! In reading order: [`config`] says what a model looks like, [`weights`] opens files and hands out tensors by name, [`batch`] is
//! what a forward pass takes, [`decoder`] runs it through [`layers`] (made of [`ops`], and of [`kernels`] where nothing is
//! trained), [`cache`] keeps keys and values and computes attention over them, and [`taps`] lets a caller see and change what happens
//! inside. [`open`] opens a model with its [`tokenizer`] in one call, on the [`device`] that it is given; [`encoder`] is the other kind of model.
//! [`engine`] answers many requests at once, and [`template`] writes conversations as a model expects them and reads its tool calls;
//! [`host`] puts both together for a model, and [`server`] offers it to clients of `OpenAI`'s interface.

pub mod batch;
pub mod cache;
pub mod config;
pub mod decoder;
pub mod device;
pub mod encoder;
pub mod engine;
pub mod error;
#[cfg(feature = "cuda")]
mod gpu;
pub mod host;
pub mod kernels;
pub mod layers;
pub mod open;
pub mod ops;
mod product;
pub mod server;
pub mod store;
pub mod taps;
pub mod template;
pub mod tokenizer;
pub mod training;
pub mod weights;

pub use batch::{Batch, Span, Wanted};
pub use cache::Cache;
pub use config::DecoderConfig;
pub use decoder::Decoder;
pub use encoder::Encoder;
pub use error::{Error, Result};
pub use host::Host;
pub use open::{Model, Opened, Options};
pub use taps::Taps;
pub use tokenizer::Tokenizer;
pub use weights::Weights;
