//! `swemill model list`.

use std::process::ExitCode;

use serde::Serialize;
use swemill_model::store::{Manifest, Store, catalogue::CATALOGUE};

use super::size;
use crate::cli::output::Output;

#[derive(Serialize)]
struct Listing<'a> {
    installed: Vec<&'a Manifest>,
    available: Vec<Available<'a>>,
}

#[derive(Serialize)]
struct Available<'a> {
    name: &'a str,
    about: &'a str,
    licence: &'a str,
}

/// Lists what is there, and what of the catalogue is not.
pub(super) fn run(store: &Store, output: &Output) -> anyhow::Result<ExitCode> {
    let installed = store.list()?;
    let missing = CATALOGUE.iter().filter(|entry| {
        !installed
            .iter()
            .any(|model| model.manifest.name == entry.name)
    });
    let available: Vec<Available<'_>> = missing
        .map(|entry| Available {
            name: entry.name,
            about: entry.about,
            licence: entry.licence,
        })
        .collect();
    if output.is_json() {
        output.document(&Listing {
            installed: installed.iter().map(|model| &model.manifest).collect(),
            available,
        })?;
        return Ok(ExitCode::SUCCESS);
    }
    if installed.is_empty() {
        output.line(format!("no models in {}", store.root().display()));
    }
    for model in &installed {
        let manifest = &model.manifest;
        let licence = manifest.licence.as_deref().unwrap_or("licence not stated");
        output.line(format!(
            "{:30} {:>10}  {licence}  {}",
            manifest.name,
            size(manifest.bytes()),
            manifest.origin
        ));
    }
    if !available.is_empty() {
        output.line("to be pulled without a hub:");
    }
    for entry in available {
        output.line(format!(
            "  {:28} {:>18}  {}",
            entry.name, entry.licence, entry.about
        ));
    }
    Ok(ExitCode::SUCCESS)
}
