//! The safetensors files of one model, mapped into memory.

use std::{
    collections::HashMap,
    fs::File,
    path::{Path, PathBuf},
};

use candle_core::{DType, Device, Tensor};
use memmap2::Mmap;
use safetensors::SafeTensors;

use crate::{Error, Result};

/// Tensors by their names in the files.
#[derive(Debug)]
pub(crate) struct Shards {
    files: Vec<(PathBuf, Mmap)>,
    tensors: HashMap<String, Entry>,
}

/// Where a tensor lies.
#[derive(Debug)]
struct Entry {
    file: usize,
    dtype: safetensors::Dtype,
    shape: Vec<usize>,
    /// Where its bytes are in the file.
    bytes: std::ops::Range<usize>,
}

impl Shards {
    /// Maps these files and reads their headers.
    pub(crate) fn open(paths: &[PathBuf]) -> Result<Self> {
        let mut shards = Self {
            files: Vec::new(),
            tensors: HashMap::new(),
        };
        for path in paths {
            shards.add(path)?;
        }
        Ok(shards)
    }

    fn add(&mut self, path: &Path) -> Result<()> {
        let file = File::open(path).map_err(Error::file("read", path))?;
        // SAFETY: the mapping is only read. Truncating the file under a running model would fault, as for every program that maps
        // its weights; the store writes to a temporary name and renames, so its files do not change once they are there.
        let mapped = unsafe { Mmap::map(&file) }.map_err(Error::file("read", path))?;
        let parsed = SafeTensors::deserialize(&mapped).map_err(|error| {
            Error::format(path, format!("it is no whole safetensors file ({error})"))
        })?;
        let start = mapped.as_ptr() as usize;
        for (name, view) in parsed.iter() {
            let first = view.data().as_ptr() as usize - start;
            let entry = Entry {
                file: self.files.len(),
                dtype: view.dtype(),
                shape: view.shape().to_vec(),
                bytes: first..first + view.data().len(),
            };
            self.tensors.insert(name.to_owned(), entry);
        }
        self.files.push((path.to_owned(), mapped));
        Ok(())
    }

    /// The first of these names that there is a tensor of.
    pub(crate) fn find(&self, spellings: &[String]) -> Option<&str> {
        let found = spellings
            .iter()
            .find_map(|name| self.tensors.get_key_value(name));
        found.map(|(name, _)| name.as_str())
    }

    /// A tensor as the file holds it, on the CPU.
    pub(crate) fn load(&self, name: &str) -> Result<Tensor> {
        let entry = self.tensors.get(name).ok_or_else(|| Error::MissingTensor {
            name: name.to_owned(),
        })?;
        let (path, mapped) = &self.files[entry.file];
        let dtype = match entry.dtype {
            safetensors::Dtype::F64 => DType::F64,
            safetensors::Dtype::F32 => DType::F32,
            safetensors::Dtype::F16 => DType::F16,
            safetensors::Dtype::BF16 => DType::BF16,
            other => {
                return Err(Error::format(
                    path,
                    format!("its tensor `{name}` holds {other:?}, not floats"),
                ));
            }
        };
        let bytes = &mapped[entry.bytes.clone()];
        Ok(Tensor::from_raw_buffer(
            bytes,
            dtype,
            &entry.shape,
            &Device::Cpu,
        )?)
    }
}
