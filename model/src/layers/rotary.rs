//! Cosines and sines of the rotary angles.

use std::f64::consts::TAU;

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
        let plain =
            (0..head_dim / 2).map(|pair| config.base.powf(-2.0 * as_f64(pair) / as_f64(head_dim)));
        let mut frequencies: Vec<f64> = plain.collect();
        let mut magnitude = 1.0;
        match &config.scaling {
            RotaryScaling::None => {}
            RotaryScaling::Linear { factor } => frequencies.iter_mut().for_each(|f| *f /= factor),
            RotaryScaling::Divided { by } => {
                frequencies
                    .iter_mut()
                    .zip(by)
                    .for_each(|(frequency, by)| *frequency /= by);
            }
            &RotaryScaling::Llama3 {
                factor,
                low,
                high,
                original_context,
            } => {
                for frequency in &mut frequencies {
                    let turns = original_context * *frequency / TAU;
                    let kept = ((turns - low) / (high - low)).clamp(0.0, 1.0);
                    *frequency *= kept + (1.0 - kept) / factor;
                }
            }
            &RotaryScaling::Yarn {
                factor,
                magnitude: given,
                ..
            } => {
                magnitude = given;
                let (first, last) = yarn_ramp(config, head_dim);
                for (pair, frequency) in frequencies.iter_mut().enumerate() {
                    let divided = ((as_f64(pair) - first) / (last - first)).clamp(0.0, 1.0);
                    *frequency *= divided / factor + (1.0 - divided);
                }
            }
        }
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

/// Between which pairs of dimensions YaRN goes from kept to divided frequencies (section 3.2 of the paper).
fn yarn_ramp(config: &RotaryConfig, head_dim: usize) -> (f64, f64) {
    let RotaryScaling::Yarn {
        fast,
        slow,
        original_context,
        truncate,
        ..
    } = config.scaling
    else {
        return (0.0, 1.0);
    };
    let pair_of = |turns: f64| {
        let wavelengths = original_context / (turns * TAU);
        as_f64(head_dim) * wavelengths.ln() / (2.0 * config.base.ln())
    };
    let (mut first, mut last) = (pair_of(fast), pair_of(slow));
    if truncate {
        (first, last) = (first.floor(), last.ceil());
    }
    let (first, last) = (first.max(0.0), last.min(as_f64(head_dim) - 1.0));
    // A ramp without width would divide by zero.
    (first, if last > first { last } else { first + 0.001 })
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
