//! The shape of a decoder, and where it is read from.

mod decoder;
mod family;
mod gguf;
mod huggingface;
mod keys;
mod rotary;
mod write;

pub use decoder::{
    Activation, AttentionConfig, DecoderConfig, Family, LayerConfig, MlpConfig, NormConfig,
    NormKind, NormPlace, QueryKeyNorm,
};
pub(crate) use huggingface::activation;
pub(crate) use keys::Keys;
pub use rotary::{RotaryConfig, RotaryScaling};
