//! Writing a decoder as transformers reads it.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use candle_core::{DType, Tensor};

use super::names::{self, Located};
use crate::{DecoderConfig, Error, Result};

/// Writes config.json and model.safetensors into a folder, the numbers in `dtype`. A tokenizer is written by its own
/// [`crate::Tokenizer::save`].
///
/// `tensors` go by the names of [`crate::Weights`]; all that the configuration needs have to be there, which [`super::Recorded`] gives.
pub fn write(
    folder: &Path,
    config: &DecoderConfig,
    tensors: &BTreeMap<String, Tensor>,
    dtype: DType,
) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(Error::file("create", folder))?;
    let mut json = config.to_huggingface()?;
    json["dtype"] = torch_name(dtype)?.into();
    let path = folder.join("config.json");
    std::fs::write(&path, format!("{json:#}\n")).map_err(Error::file("write", &path))?;
    let mut named = HashMap::new();
    for (name, parts) in grouped(config, tensors) {
        let tensor = match parts.as_slice() {
            [(_, only)] => (*only).clone(),
            thirds => Tensor::cat(
                &thirds.iter().map(|(_, tensor)| *tensor).collect::<Vec<_>>(),
                0,
            )?,
        };
        let tensor = if parts[0].0.transposed {
            tensor.t()?
        } else {
            tensor
        };
        named.insert(name, tensor.to_dtype(dtype)?.contiguous()?);
    }
    // First under another name: a reader never sees half a file, and a full disk leaves the old one.
    let (path, partial) = (
        folder.join("model.safetensors"),
        folder.join("model.safetensors.partial"),
    );
    let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    safetensors::serialize_to_file(named.iter(), Some(metadata), &partial).map_err(|error| {
        Error::Format {
            path: partial.clone(),
            reason: format!("it could not be written ({error})"),
        }
    })?;
    std::fs::rename(&partial, &path).map_err(Error::file("write", path))
}

type Parts<'a> = Vec<(Located, &'a Tensor)>;

/// The tensors by the files' names for them, queries before keys before values where they become one.
fn grouped<'a>(
    config: &DecoderConfig,
    tensors: &'a BTreeMap<String, Tensor>,
) -> BTreeMap<String, Parts<'a>> {
    let mut groups: BTreeMap<String, Parts<'a>> = BTreeMap::new();
    for (name, tensor) in tensors {
        let located = names::locate(config.family, name);
        groups
            .entry(located.name.clone())
            .or_default()
            .push((located, tensor));
    }
    for parts in groups.values_mut() {
        parts.sort_by_key(|(located, _)| located.third);
    }
    groups
}

fn torch_name(dtype: DType) -> Result<&'static str> {
    Ok(match dtype {
        DType::F64 => "float64",
        DType::F32 => "float32",
        DType::F16 => "float16",
        DType::BF16 => "bfloat16",
        other => {
            return Err(Error::config(
                "dtype",
                format!("is {other:?}, but weights are floats"),
            ));
        }
    })
}
