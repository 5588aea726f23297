//! Checkpoints: all that a run needs to go on as if it had never stopped.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor, safetensors};
use serde::{Deserialize, Serialize};

use super::order::Order;
use super::trainer::{Recipe, Trainer};
use crate::{Error, Result};

/// What a checkpoint says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct State {
    steps: u64,
    tokens: u64,
    order: Order,
    recipe: Recipe,
}

/// Where in the data a run is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// Tokens seen.
    pub tokens: u64,
    /// The documents to come.
    pub order: Order,
}

/// Writes a checkpoint into a folder of checkpoints and returns its path. It appears whole or not at all.
pub fn save(folder: &Path, trainer: &Trainer, position: &Position) -> Result<PathBuf> {
    fs::create_dir_all(folder).map_err(Error::file("create", folder))?;
    let path = folder.join(format!("step-{:08}", trainer.steps()));
    let partial = folder.join(format!(".step-{:08}", trainer.steps()));
    for old in [&partial, &path] {
        if old.exists() {
            fs::remove_dir_all(old).map_err(Error::file("remove", old))?;
        }
    }
    fs::create_dir(&partial).map_err(Error::file("create", &partial))?;
    let variables = trainer.parameters.variables.iter();
    let parameters: HashMap<String, Tensor> = variables
        .map(|(name, variable)| (name.clone(), variable.as_detached_tensor()))
        .collect();
    safetensors::save(&parameters, partial.join("parameters.safetensors"))?;
    let moments: HashMap<String, Tensor> = trainer.optimizer.tensors().into_iter().collect();
    safetensors::save(&moments, partial.join("optimizer.safetensors"))?;
    let state = State {
        steps: trainer.steps(),
        tokens: position.tokens,
        order: position.order.clone(),
        recipe: trainer.recipe().clone(),
    };
    let text = serde_json::to_vec_pretty(&state).expect("settings are numbers and names");
    let file = partial.join("state.json");
    fs::write(&file, text).map_err(Error::file("write", &file))?;
    fs::rename(&partial, &path).map_err(Error::file("write", &path))?;
    Ok(path)
}

/// The newest checkpoint of a folder, if there is one.
pub fn newest(folder: &Path) -> Result<Option<PathBuf>> {
    let items = match fs::read_dir(folder) {
        Ok(items) => items,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::file("read", folder)(error)),
    };
    let mut found = Vec::new();
    for item in items {
        let path = item.map_err(Error::file("read", folder))?.path();
        let named = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("step-"));
        if named && path.join("state.json").is_file() {
            found.push(path);
        }
    }
    Ok(found.into_iter().max())
}

/// Puts a trainer where a checkpoint was, and returns the place in the data. The trainer must have been made by the same recipe
/// for the same model; what differs is an error, and the trainer is then not to be used.
pub fn restore(path: &Path, trainer: &mut Trainer) -> Result<Position> {
    let file = path.join("state.json");
    let text = fs::read(&file).map_err(Error::file("read", &file))?;
    let state: State =
        serde_json::from_slice(&text).map_err(|error| Error::format(&file, error.to_string()))?;
    if state.recipe != *trainer.recipe() {
        return Err(Error::format(
            &file,
            "it was made by another recipe (schedule, optimiser, method); a run goes on only as it began",
        ));
    }
    let parameters = load(&path.join("parameters.safetensors"))?;
    for (name, variable) in &trainer.parameters.variables {
        let saved = parameters
            .get(name)
            .ok_or_else(|| Error::MissingTensor { name: name.clone() })?;
        if saved.dims() != variable.dims() {
            return Err(Error::Shape {
                name: name.clone(),
                expected: variable.dims().to_vec(),
                found: saved.dims().to_vec(),
            });
        }
        variable.set(
            &saved
                .to_dtype(variable.dtype())?
                .to_device(variable.device())?,
        )?;
    }
    let moments = load(&path.join("optimizer.safetensors"))?;
    trainer
        .optimizer
        .restore(state.steps, &trainer.parameters, &moments)?;
    Ok(Position {
        tokens: state.tokens,
        order: state.order,
    })
}

fn load(path: &Path) -> Result<HashMap<String, Tensor>> {
    if !path.is_file() {
        return Err(Error::format(path, "the checkpoint lacks it"));
    }
    safetensors::load(path, &Device::Cpu).map_err(|error| Error::format(path, error.to_string()))
}
