//! A GGUF as the weights of a decoder.

use std::{ops::Range, sync::Arc};

use candle_core::{DType, Device, Tensor};

use super::{
    Format, Gguf, blocks,
    names::{self, Located, Part},
};
use crate::{DecoderConfig, Error, Result, Weights, config::NormKind, weights::check};

/// The weights in a GGUF.
#[derive(Debug)]
pub struct GgufWeights {
    file: Arc<Gguf>,
    config: DecoderConfig,
    dtype: DType,
    device: Device,
}

impl GgufWeights {
    /// Opens the decoder in a file; its dense tensors come in `dtype` on `device`.
    pub fn open(file: Arc<Gguf>, dtype: DType, device: &Device) -> Result<(DecoderConfig, Self)> {
        let config = DecoderConfig::from_gguf(&file)?;
        let weights = Self {
            file,
            config: config.clone(),
            dtype,
            device: device.clone(),
        };
        Ok((config, weights))
    }

    fn find(&self, name: &str) -> Option<(Located, Format, &[usize])> {
        let located = names::locate(self.config.family, name)?;
        let (format, shape) = self.file.tensor(&located.name)?;
        Some((located, format, shape))
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
}
