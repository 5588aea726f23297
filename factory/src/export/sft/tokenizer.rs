//! The tokenizer that lengths are counted with.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use swemill_agent::sft::CountTokens;
use swemill_model::Tokenizer;
use swemill_model::store::Store;
use swemill_model::weights::Gguf;

use crate::models;

/// Opens that of a model of the store, a tokenizer.json, a GGUF, or a folder with one of them.
pub fn open(name: &str, data_folder: &Path) -> anyhow::Result<CountTokens> {
    let place = models::find(name, &Store::new(data_folder))?.place;
    let file = file_at(&place).with_context(|| format!("cannot use {name} as a tokenizer"))?;
    let is_gguf = file
        .extension()
        .is_some_and(|extension| extension == "gguf");
    let tokenizer = if is_gguf {
        Tokenizer::from_gguf(&Gguf::open(&file)?)?
    } else {
        Tokenizer::from_file(&file)?
    };
    Ok(Box::new(move |text| {
        let tokens = tokenizer.encode(text).map_err(|error| error.to_string())?;
        Ok(tokens.len())
    }))
}

fn file_at(place: &Path) -> anyhow::Result<PathBuf> {
    if !place.is_dir() {
        return Ok(place.to_path_buf());
    }
    let json = place.join("tokenizer.json");
    if json.is_file() {
        return Ok(json);
    }
    let mut files: Vec<PathBuf> = std::fs::read_dir(place)?
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()?;
    files.retain(|file| {
        file.extension()
            .is_some_and(|extension| extension == "gguf")
    });
    files.sort();
    let first = files.into_iter().next();
    first.with_context(|| format!("{} has neither tokenizer.json nor a GGUF", place.display()))
}
