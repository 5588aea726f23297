//! Parameters of a model that has not been trained.

use candle_core::{DType, Device, Tensor};

use super::random::Random;
use crate::{DecoderConfig, Result, Weights, config::NormKind};

/// Random parameters: matrices from a normal distribution, cut at three deviations; norms that change nothing; biases of zero.
///
/// The projections that write to the residual stream have a deviation smaller by the root of twice the number of layers (GPT-2,
/// Radford et al. 2019, section 2.3). Every tensor depends on the seed and its name only.
#[derive(Debug, Clone)]
pub struct Initial {
    seed: u64,
    deviation: f64,
    residual: f64,
    norm: f64,
    dtype: DType,
    device: Device,
}

impl Initial {
    /// Parameters for a configuration; 0.02 is the usual deviation.
    pub fn new(
        config: &DecoderConfig,
        seed: u64,
        deviation: f64,
        dtype: DType,
        device: &Device,
    ) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "layers are few")]
        let layers = config.layers.len() as f64;
        Self {
            seed,
            deviation,
            residual: deviation / (2.0 * layers).sqrt(),
            norm: if config.norm.kind == NormKind::RmsPlusOne {
                0.0
            } else {
                1.0
            },
            dtype,
            device: device.clone(),
        }
    }
}

impl Weights for Initial {
    fn has(&self, _: &str) -> bool {
        true
    }

    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<Tensor> {
        let constant = |value: f64| Tensor::full(value, shape, &self.device)?.to_dtype(self.dtype);
        if name.rsplit('.').next() == Some("bias") {
            return Ok(constant(0.0)?);
        }
        if shape.len() == 1 {
            return Ok(constant(self.norm)?);
        }
        let writes = name.ends_with("o_proj.weight") || name.ends_with("down_proj.weight");
        let deviation = if writes {
            self.residual
        } else {
            self.deviation
        };
        let mut random = Random::new(self.seed ^ hash(name));
        let count = shape.iter().product();
        let mut values = Vec::<f32>::with_capacity(count);
        while values.len() < count {
            let value = random.normal();
            if value.abs() <= 3.0 {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "a random number may lose digits"
                )]
                values.push((value * deviation) as f32);
            }
        }
        Ok(Tensor::from_vec(values, shape, &Device::Cpu)?
            .to_dtype(self.dtype)?
            .to_device(&self.device)?)
    }
}

/// FNV-1a, which never changes.
fn hash(name: &str) -> u64 {
    name.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}
