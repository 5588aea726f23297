//! What a model is, told from its headers: nothing is loaded, and a cut or broken file is found out.

mod gguf;
mod safetensors;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use super::error::{Error, Result, io_error};

/// What the headers of a model say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Description {
    /// The family, as its authors write it (`llama`, `qwen2`, `bert`).
    pub architecture: String,
    /// Numbers in all tensors.
    pub parameters: u64,
    /// The longest context, in tokens.
    pub context: Option<u64>,
    /// Layers.
    pub layers: Option<u64>,
    /// Width of the residual stream.
    pub hidden: Option<u64>,
    /// Whether a chat template is there.
    pub chat_template: bool,
    /// The licence that the file itself states.
    pub licence: Option<String>,
    /// Tensors by number format, as in `Q4_K: 169`.
    pub formats: BTreeMap<String, u64>,
}

/// Reads the headers of a model: a GGUF file, or a folder that holds one or is in the hub's layout.
pub fn describe(path: &Path) -> Result<Description> {
    if path.is_file() {
        return gguf::describe(path);
    }
    let ggufs = with_extension(path, "gguf")?;
    match ggufs.first() {
        Some(first) => gguf::describe(first),
        None => folder(path),
    }
}

fn folder(folder: &Path) -> Result<Description> {
    let config = json(&folder.join("config.json"))?;
    let number = |names: &[&str]| names.iter().find_map(|name| config.get(name)?.as_u64());
    let mut description = Description {
        architecture: config
            .get("model_type")
            .and_then(Value::as_str)
            .unwrap_or("unknown")
            .to_owned(),
        context: number(&["max_position_embeddings", "n_positions", "n_ctx"]),
        layers: number(&["num_hidden_layers", "n_layer"]),
        hidden: number(&["hidden_size", "n_embd"]),
        chat_template: folder.join("chat_template.jinja").is_file()
            || json(&folder.join("tokenizer_config.json"))
                .is_ok_and(|it| it.get("chat_template").is_some()),
        ..Description::default()
    };
    let shards = with_extension(folder, "safetensors")?;
    if shards.is_empty() {
        return Err(unreadable(folder, "it has no safetensors"));
    }
    let mut names = std::collections::BTreeSet::new();
    for shard in shards {
        for tensor in safetensors::tensors(&shard)? {
            description.parameters = description.parameters.saturating_add(tensor.elements);
            *description.formats.entry(tensor.format).or_default() += 1;
            names.insert(tensor.name);
        }
    }
    complete(folder, &names)?;
    Ok(description)
}

/// Whether every tensor of the index of a sharded model is there.
fn complete(folder: &Path, names: &std::collections::BTreeSet<String>) -> Result<()> {
    let path = folder.join("model.safetensors.index.json");
    if !path.is_file() {
        return Ok(());
    }
    let index = json(&path)?;
    let expected = index.get("weight_map").and_then(Value::as_object);
    let missing = expected.and_then(|map| map.keys().find(|name| !names.contains(*name)));
    missing.map_or(Ok(()), |name| {
        Err(unreadable(
            folder,
            format!("the tensor {name} of its index is in no shard"),
        ))
    })
}

fn with_extension(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for item in std::fs::read_dir(folder).map_err(io_error("read", folder))? {
        let path = item.map_err(io_error("read", folder))?.path();
        if path.extension().is_some_and(|it| it == extension) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn json(path: &Path) -> Result<Value> {
    let file = File::open(path).map_err(io_error("read", path))?;
    serde_json::from_reader(std::io::BufReader::new(file))
        .map_err(|error| unreadable(path, error.to_string()))
}

fn unreadable(path: &Path, reason: impl Into<String>) -> Error {
    Error::Unreadable {
        path: path.to_owned(),
        reason: reason.into(),
    }
}
