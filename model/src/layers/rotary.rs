//! Cosines and sines of the rotary angles.

use candle_core::{DType, Device, Tensor};

use crate::{
    Result,
    config::{RotaryConfig, RotaryScaling},
};

/// The frequencies of a rotary position embedding.
#[derive(Debug, Clone)]
pub struct Rotary {
    frequencies: Vec<f64>,
    magnitude: f64,
}

/// The angles of a batch's rows.
#[derive(Debug, Clone)]
pub struct Rotation {
    /// `[rows, head_dim / 2]`.
    pub cosine: Tensor,
    /// `[rows, head_dim / 2]`.
    pub sine: Tensor,
}

impl Rotary {
    /// The frequencies for heads of this width.
    pub fn new(config: &RotaryConfig, head_dim: usize) -> Self {
        let half = head_dim / 2;
        let plain: Vec<f64> = (0..half)
            .map(|pair| config.base.powf(-2.0 * as_f64(pair) / as_f64(head_dim)))
            .collect();
        let (frequencies, magnitude) = match config.scaling {
            RotaryScaling::None => (plain, 1.0),
            RotaryScaling::Linear { factor } => (
                plain.iter().map(|frequency| frequency / factor).collect(),
                1.0,
            ),
            RotaryScaling::Llama3 {
                factor,
                low,
                high,
                original_context,
            } => {
                let scaled = plain.iter().map(|&frequency| {
                    let turns = original_context * frequency / std::f64::consts::TAU;
                    // 1 keeps the frequency, 0 divides it.
                    let kept = ((turns - low) / (high - low)).clamp(0.0, 1.0);
                    kept * frequency + (1.0 - kept) * frequency / factor
                });
                (scaled.collect(), 1.0)
            }
            RotaryScaling::Yarn {
                factor,
                fast,
                slow,
                original_context,
                magnitude,
                truncate,
            } => {
                let dimension = |turns: f64| {
                    as_f64(head_dim) * (original_context / (turns * std::f64::consts::TAU)).ln()
                        / (2.0 * config.base.ln())
                };
                let (mut first, mut last) = (dimension(fast), dimension(slow));
                if truncate {
                    (first, last) = (first.floor(), last.ceil());
                }
                let (first, mut last) = (first.max(0.0), last.min(as_f64(head_dim) - 1.0));
                if (last - first).abs() < f64::EPSILON {
                    last += 0.001;
                }
                let scaled = plain.iter().enumerate().map(|(pair, &frequency)| {
                    let divided = ((as_f64(pair) - first) / (last - first)).clamp(0.0, 1.0);
                    divided * frequency / factor + (1.0 - divided) * frequency
                });
                (scaled.collect(), magnitude)
            }
        };
        Self {
            frequencies,
            magnitude,
        }
    }

    /// The angles of these positions.
    ///
    /// Models are trained with angles in single precision, whose rounding is large at long positions; it is repeated here unless
    /// double precision is asked for.
    pub fn rotation(&self, positions: &[u32], dtype: DType, device: &Device) -> Result<Rotation> {
        let shape = (positions.len(), self.frequencies.len());
        let double = dtype == DType::F64;
        let mut cosine = Vec::with_capacity(shape.0 * shape.1);
        let mut sine = Vec::with_capacity(shape.0 * shape.1);
        for &position in positions {
            for &frequency in &self.frequencies {
                let angle = if double {
                    f64::from(position) * frequency
                } else {
                    single_angle(position, frequency)
                };
                cosine.push(angle.cos() * self.magnitude);
                sine.push(angle.sin() * self.magnitude);
            }
        }
        let tensor = |values: Vec<f64>| {
            Tensor::from_vec(values, shape, &Device::Cpu)?
                .to_dtype(dtype)?
                .to_device(device)
        };
        Ok(Rotation {
            cosine: tensor(cosine)?,
            sine: tensor(sine)?,
        })
    }
}

/// The product in single precision.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "the rounding is the point"
)]
fn single_angle(position: u32, frequency: f64) -> f64 {
    f64::from(position as f32 * frequency as f32)
}

/// Head widths are far below 2^52.
#[expect(clippy::cast_precision_loss, reason = "head widths are far below 2^52")]
fn as_f64(value: usize) -> f64 {
    value as f64
}
