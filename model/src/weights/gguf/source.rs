//! A GGUF as the weights of a decoder.

use std::{ops::Range, sync::Arc};

use candle_core::{DType, Device, Tensor};

use super::{
    Format, Gguf, blocks,
    names::{self, Located, Part},
};
use crate::{
    DecoderConfig, Error, Result, Weights,
    config::NormKind,
    kernels::Matrix,
    layers::{Embedding, Linear},
    weights::check,
};

/// What to do with quantised matrices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Multiply with them as they are: less memory and faster, with activations rounded to 8 bits as llama.cpp does. On the CPU and
    /// in single precision only; dense elsewhere.
    Quantized,
    /// Turn them into dense tensors: exact products, gradients, any device.
    Dense,
}

/// The weights in a GGUF.
#[derive(Debug)]
pub struct GgufWeights {
    file: Arc<Gguf>,
    config: DecoderConfig,
    dtype: DType,
    device: Device,
    keep: Keep,
}

impl GgufWeights {
    /// Opens the decoder in a file; its dense tensors come in `dtype` on `device`.
    pub fn open(
        file: Arc<Gguf>,
        keep: Keep,
        dtype: DType,
        device: &Device,
    ) -> Result<(DecoderConfig, Self)> {
        let config = DecoderConfig::from_gguf(&file)?;
        let weights = Self {
            file,
            config: config.clone(),
            dtype,
            device: device.clone(),
            keep,
        };
        Ok((config, weights))
    }

    fn find(&self, name: &str) -> Option<(Located, Format, &[usize])> {
        let located = names::locate(self.config.family, name)?;
        let (format, shape) = self.file.tensor(&located.name)?;
        Some((located, format, shape))
    }

    /// A matrix as it is stored, if it is quantised and may stay so.
    fn matrix(&self, name: &str, rows: usize, columns: usize) -> Result<Option<Arc<Matrix>>> {
        let here = self.dtype == DType::F32 && matches!(self.device, Device::Cpu);
        let format = self.find(name).and_then(|(_, format, _)| format.kernel());
        let Some(format) = format.filter(|_| here && self.keep == Keep::Quantized) else {
            return Ok(None);
        };
        let (_, bytes) = self.rows(name, &[rows, columns])?;
        let matrix = Matrix::from_gguf(format, &bytes, rows, columns);
        Ok(Some(Arc::new(matrix.map_err(|error| {
            Error::format(
                self.file.path(),
                format!("its tensor for `{name}` is damaged ({error})"),
            )
        })?)))
    }

    /// A tensor's bytes, its rows chosen and ordered as Hugging Face has them.
    fn rows(&self, name: &str, shape: &[usize]) -> Result<(Format, Vec<u8>)> {
        let missing = || Error::MissingTensor {
            name: name.to_owned(),
        };
        let (located, format, found) = self.find(name).ok_or_else(missing)?;
        let wrong = || Error::Shape {
            name: name.to_owned(),
            expected: shape.to_vec(),
            found: found.to_vec(),
        };
        let stacked = match located.part {
            Part::Whole | Part::Interleaved => shape.to_vec(),
            Part::Third(_) => [&[3 * shape[0]], &shape[1..]].concat(),
            Part::Expert(expert) => {
                let experts = *found.first().ok_or_else(wrong)?;
                if expert >= experts {
                    return Err(missing());
                }
                [&[experts], shape].concat()
            }
        };
        if found != stacked {
            return Err(wrong());
        }
        let bytes = self.file.bytes(&located.name).ok_or_else(missing)?;
        // Vectors are one number a row here, which only formats of single numbers can be split into.
        let rows = shape[0];
        let all_rows =
            rows * (stacked.iter().product::<usize>() / shape.iter().product::<usize>().max(1));
        let row_bytes = bytes.len() / all_rows.max(1);
        let of = |rows: Range<usize>| bytes[rows.start * row_bytes..rows.end * row_bytes].to_vec();
        let bytes = match located.part {
            Part::Whole => bytes.to_vec(),
            Part::Third(third) => of(third * rows..(third + 1) * rows),
            Part::Expert(expert) => of(expert * rows..(expert + 1) * rows),
            Part::Interleaved => self.halves_apart(bytes, rows, row_bytes),
        };
        Ok((format, bytes))
    }

    /// llama.cpp rotates neighbouring rows of a head where Hugging Face rotates rows half a head apart.
    fn halves_apart(&self, bytes: &[u8], rows: usize, row_bytes: usize) -> Vec<u8> {
        let (head_dim, half) = (self.config.head_dim, self.config.head_dim / 2);
        let source = |row: usize| {
            let (head, within) = (row / head_dim, row % head_dim);
            head * head_dim + 2 * (within % half) + within / half
        };
        let row = |row: usize| &bytes[source(row) * row_bytes..][..row_bytes];
        (0..rows).flat_map(row).copied().collect()
    }
}

impl Weights for GgufWeights {
    fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<Tensor> {
        let (format, bytes) = self.rows(name, shape)?;
        let mut numbers = Vec::with_capacity(shape.iter().product());
        blocks::dequantize(format, &bytes, &mut numbers);
        let norm = name.ends_with("norm.weight");
        if norm && self.config.norm.kind == NormKind::RmsPlusOne {
            // llama.cpp's converter has added the one already.
            for weight in &mut numbers {
                *weight -= 1.0;
            }
        }
        let tensor = Tensor::from_vec(numbers, shape, &Device::Cpu)?;
        check::finite(name, &tensor)?;
        Ok(tensor.to_dtype(self.dtype)?.to_device(&self.device)?)
    }

    fn linear(&mut self, name: &str, inputs: usize, outputs: usize, bias: bool) -> Result<Linear> {
        let weight = format!("{name}.weight");
        let matrix = self.matrix(&weight, outputs, inputs)?;
        let bias = self.bias(name, outputs, bias)?;
        match matrix {
            Some(matrix) => Ok(Linear::Quantized { matrix, bias }),
            None => Ok(Linear::Dense {
                weight: self.tensor(&weight, &[outputs, inputs])?,
                bias,
            }),
        }
    }

    fn embedding(&mut self, name: &str, rows: usize, width: usize) -> Result<Embedding> {
        let weight = format!("{name}.weight");
        match self.matrix(&weight, rows, width)? {
            Some(matrix) => Ok(Embedding::Quantized(matrix)),
            None => Ok(Embedding::Dense(self.tensor(&weight, &[rows, width])?)),
        }
    }
}
