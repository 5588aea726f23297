//! Random weights made where they are used: a model of any shape without a file.

use candle_core::{DType, Device, Tensor};
use swemill_model::{Result, Weights};

/// Normal numbers of standard deviation 0.02 for matrices, ones for norms, zeros for biases.
pub(crate) struct Random {
    device: Device,
    dtype: DType,
    /// Bytes of all tensors but the embedding's, of which a step reads a few rows.
    pub(crate) bytes: usize,
    /// Whether the embedding is the output projection, too.
    tied: bool,
}

impl Random {
    pub(crate) fn new(device: Device, dtype: DType, tied: bool) -> Self {
        Self {
            device,
            dtype,
            bytes: 0,
            tied,
        }
    }
}

impl Weights for Random {
    fn has(&self, _: &str) -> bool {
        true
    }

    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<Tensor> {
        if self.tied || !name.contains("embed_tokens") {
            self.bytes += shape.iter().product::<usize>() * self.dtype.size_in_bytes();
        }
        // The generators of devices make single precision only.
        let tensor = match shape {
            [_] if name.ends_with("bias") => Tensor::zeros(shape, DType::F32, &self.device)?,
            [_] => Tensor::ones(shape, DType::F32, &self.device)?,
            _ => Tensor::randn(0f32, 0.02, shape, &self.device)?,
        };
        Ok(tensor.to_dtype(self.dtype)?)
    }
}
