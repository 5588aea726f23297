//! The shape of a decoder, and where it is read from.

mod decoder;
mod family;
mod gguf;
mod huggingface;
mod keys;
mod rotary;

pub use decoder::{
    Activation, AttentionConfig, DecoderConfig, Family, LayerConfig, MlpConfig, NormConfig,
    NormKind, NormPlace, QueryKeyNorm,
};
pub use rotary::{RotaryConfig, RotaryScaling};
