//! A Hugging Face folder: config.json and safetensors, in one file or several.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use candle_core::{DType, Device, Tensor};
use serde_json::Value;

use super::{Weights, check, names, shards::Shards};
use crate::{DecoderConfig, Error, Result, config::Family};

/// The weights in a folder.
#[derive(Debug)]
pub struct Folder {
    family: Option<Family>,
    shards: Shards,
    dtype: DType,
    device: Device,
}

impl Folder {
    /// Opens the decoder in a folder; its tensors come in `dtype` on `device`.
    pub fn open(folder: &Path, dtype: DType, device: &Device) -> Result<(DecoderConfig, Self)> {
        let config = DecoderConfig::from_huggingface(&read_json(&folder.join("config.json"))?)?;
        let weights = Self::open_tensors(folder, Some(config.family), dtype, device)?;
        Ok((config, weights))
    }

    /// Opens the tensors in a folder, named as in the files unless they are those of a family of decoders.
    pub(crate) fn open_tensors(
        folder: &Path,
        family: Option<Family>,
        dtype: DType,
        device: &Device,
    ) -> Result<Self> {
        let shards = Shards::open(&shard_paths(folder)?)?;
        Ok(Self {
            family,
            shards,
            dtype,
            device: device.clone(),
        })
    }

    fn locate(&self, name: &str) -> Option<(&str, names::Located)> {
        let located = match self.family {
            Some(family) => names::locate(family, name),
            None => names::Located {
                name: name.to_owned(),
                transposed: false,
                third: None,
            },
        };
        let found = self.shards.find(&names::spellings(&located.name))?;
        Some((found, located))
    }
}

impl Weights for Folder {
    fn has(&self, name: &str) -> bool {
        self.locate(name).is_some()
    }

    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<Tensor> {
        let (found, located) = self.locate(name).ok_or_else(|| Error::MissingTensor {
            name: name.to_owned(),
        })?;
        let mut tensor = self.shards.load(found)?;
        let mismatch = |found: &[usize]| Error::Shape {
            name: name.to_owned(),
            expected: shape.to_vec(),
            found: found.to_vec(),
        };
        if located.transposed {
            tensor = if tensor.rank() == 2 {
                tensor.t()?
            } else {
                return Err(mismatch(tensor.dims()));
            };
        }
        if let Some(third) = located.third {
            let rows = *tensor.dims().first().ok_or_else(|| mismatch(&[]))?;
            if !rows.is_multiple_of(3) {
                return Err(mismatch(tensor.dims()));
            }
            tensor = tensor.narrow(0, third * (rows / 3), rows / 3)?;
        }
        if tensor.dims() != shape {
            return Err(mismatch(tensor.dims()));
        }
        let tensor = tensor.to_dtype(self.dtype)?.contiguous()?;
        check::finite(name, &tensor)?;
        Ok(tensor.to_device(&self.device)?)
    }
}

/// The files that hold the tensors: those that the index names, or the only one.
fn shard_paths(folder: &Path) -> Result<Vec<PathBuf>> {
    let index = folder.join("model.safetensors.index.json");
    if !index.exists() {
        return Ok(vec![folder.join("model.safetensors")]);
    }
    let json = read_json(&index)?;
    let Some(Value::Object(files)) = json.get("weight_map") else {
        return Err(Error::format(index, "it has no `weight_map`"));
    };
    let names: BTreeSet<&str> = files.values().filter_map(Value::as_str).collect();
    // The index comes with the weights: it must not name files elsewhere.
    match names
        .iter()
        .find(|name| Path::new(name).file_name() != Some(name.as_ref()))
    {
        Some(name) => Err(Error::format(
            index,
            format!("it names `{name}`, which is not in its folder"),
        )),
        None => Ok(names.into_iter().map(|name| folder.join(name)).collect()),
    }
}

/// Reads a JSON file of the model.
pub(crate) fn read_json(path: &Path) -> Result<Value> {
    let bytes = std::fs::read(path).map_err(Error::file("read", path))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Error::format(path, format!("it is no JSON ({error})")))
}
