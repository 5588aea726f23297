//! The header of a safetensors file: its length in eight bytes, then JSON.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::unreadable;
use crate::store::error::{Result, io_error};

/// The format's own bound on a header.
const HEADER_BYTES: u64 = 100_000_000;

/// A tensor of a file.
pub(super) struct Tensor {
    pub(super) name: String,
    pub(super) format: String,
    pub(super) elements: u64,
}

#[derive(Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

/// The tensors of a file, which must be as long as its header says.
pub(super) fn tensors(path: &Path) -> Result<Vec<Tensor>> {
    let mut file = File::open(path).map_err(io_error("read", path))?;
    let length = file.metadata().map_err(io_error("read", path))?.len();
    let mut size = [0; 8];
    file.read_exact(&mut size)
        .map_err(|_| unreadable(path, "it is too short for safetensors"))?;
    let size = u64::from_le_bytes(size);
    if size > HEADER_BYTES || size + 8 > length {
        return Err(unreadable(
            path,
            "its header is longer than the file: cut, or no safetensors",
        ));
    }
    let entries: BTreeMap<String, Value> =
        serde_json::from_reader(std::io::BufReader::new(file.take(size)))
            .map_err(|error| unreadable(path, error.to_string()))?;
    let mut found = Vec::new();
    let mut end = 0;
    for (name, value) in entries {
        if name == "__metadata__" {
            continue;
        }
        let entry: Entry = serde_json::from_value(value)
            .map_err(|error| unreadable(path, format!("tensor {name}: {error}")))?;
        end = end.max(entry.data_offsets.1);
        let elements = entry
            .shape
            .iter()
            .try_fold(1_u64, |product, size| product.checked_mul(*size));
        found.push(Tensor {
            elements: elements
                .ok_or_else(|| unreadable(path, format!("the shape of {name} is absurd")))?,
            name,
            format: entry.dtype,
        });
    }
    if end.checked_add(8 + size) != Some(length) {
        return Err(unreadable(
            path,
            format!(
                "it has {length} bytes and its header speaks of {}: cut, or damaged",
                end.saturating_add(8 + size)
            ),
        ));
    }
    Ok(found)
}
