//! Rotary positions: base, width and how they are stretched to longer contexts.

use serde::{Deserialize, Serialize};

/// Rotary position embedding (Su et al., arXiv 2104.09864) over the first and second half of each head.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RotaryConfig {
    /// The base of the frequencies, `theta`.
    pub base: f64,
    /// How positions are stretched.
    pub scaling: RotaryScaling,
}

/// How rotary frequencies are changed for contexts longer than the trained one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum RotaryScaling {
    /// Not at all.
    None,
    /// Every frequency divided by the factor (Chen et al., arXiv 2306.15595).
    Linear {
        /// How much longer the context is.
        factor: f64,
    },
    /// Low frequencies divided by the factor, high ones kept, those between interpolated (Llama 3.1's `llama3`).
    Llama3 {
        /// How much longer the context is.
        factor: f64,
        /// Wavelengths above `original_context / low` are divided.
        low: f64,
        /// Wavelengths below `original_context / high` are kept.
        high: f64,
        /// The context before stretching.
        original_context: f64,
    },
    /// YaRN (Peng et al., arXiv 2309.00071): a ramp between the rotations `fast` and `slow` with the softmax's temperature changed.
    Yarn {
        /// How much longer the context is.
        factor: f64,
        /// Rotations over the original context above which a frequency is kept.
        fast: f64,
        /// Rotations over the original context below which it is divided.
        slow: f64,
        /// The context before stretching.
        original_context: f64,
        /// What queries and keys are multiplied with, through cosine and sine.
        magnitude: f64,
        /// Whether the ramp's ends are rounded to whole dimensions.
        truncate: bool,
    },
}
