//! `swemill model info`.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use swemill_model::store::{Description, Manifest, Store, describe};

use super::{size, with_note};
use crate::cli::output::Output;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// A model of the store
    #[arg(value_name = "NAME")]
    name: String,
    /// Check every file against the sha256 that it had when it was pulled
    #[arg(long)]
    verify: bool,
}

#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    manifest: &'a Manifest,
    bytes: u64,
    folder: String,
    description: &'a Description,
}

/// Shows what a model is, from its headers.
pub(super) async fn run(
    arguments: &Arguments,
    store: &Store,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let installed = store.get(&arguments.name)?;
    if arguments.verify {
        store.verify(&arguments.name).await?;
    }
    let description = describe(&installed.folder)?;
    let manifest = &installed.manifest;
    if output.is_json() {
        let folder = installed.folder.display().to_string();
        output.document(&Answer {
            manifest,
            bytes: manifest.bytes(),
            folder,
            description: &description,
        })?;
        return Ok(ExitCode::SUCCESS);
    }
    let number = |number: Option<u64>| {
        number.map_or_else(|| "not stated".to_owned(), |number| number.to_string())
    };
    let formats: Vec<String> = description
        .formats
        .iter()
        .map(|(format, count)| format!("{format} ({count})"))
        .collect();
    let licence = manifest
        .licence
        .as_deref()
        .or(description.licence.as_deref());
    let yes = |yes: bool| if yes { "yes" } else { "no" };
    output.line(output.bold(&manifest.name));
    for (label, value) in [
        ("architecture", description.architecture.clone()),
        (
            "parameters",
            format!("{:.1} M", millions(description.parameters)),
        ),
        ("context", number(description.context)),
        ("layers", number(description.layers)),
        ("hidden", number(description.hidden)),
        ("tensors", formats.join(", ")),
        ("chat template", yes(description.chat_template).to_owned()),
        (
            "licence",
            with_note(
                licence.unwrap_or("not stated"),
                manifest.licence_note.as_deref(),
            ),
        ),
        ("from", manifest.origin.clone()),
        ("folder", installed.folder.display().to_string()),
    ] {
        output.line(format!("  {label:14} {value}"));
    }
    output.line(format!(
        "  files          {} in {}",
        size(manifest.bytes()),
        manifest.files.len()
    ));
    for file in &manifest.files {
        output.line(format!(
            "    {}  {:>10}  {}",
            file.sha256,
            size(file.bytes),
            file.path
        ));
    }
    if arguments.verify {
        output.line(format!(
            "  every file is {}",
            output.good("as it was pulled")
        ));
    }
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::cast_precision_loss, reason = "a size for people")]
fn millions(count: u64) -> f64 {
    count as f64 / 1e6
}
