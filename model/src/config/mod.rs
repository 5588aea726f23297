//! The shape of a decoder, and where it is read from.

mod decoder;
mod rotary;

pub use decoder::{
    Activation, AttentionConfig, DecoderConfig, Family, LayerConfig, MlpConfig, NormConfig,
    NormKind, NormPlace, QueryKeyNorm,
};
pub use rotary::{RotaryConfig, RotaryScaling};
