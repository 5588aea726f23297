//! `swemill model remove`.

use std::process::ExitCode;

use clap::Args;
use swemill_model::store::Store;

use super::size;
use crate::cli::output::Output;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Models of the store
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,
}

/// Removes models; the first that is not there is the error, those before it are gone.
pub(super) fn run(
    arguments: &Arguments,
    store: &Store,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let mut freed = 0;
    for name in &arguments.names {
        let bytes = store.remove(name)?;
        output.line(format!("removed {name}, {}", size(bytes)));
        freed += bytes;
    }
    if output.is_json() {
        output.document(&serde_json::json!({ "removed": arguments.names, "bytes": freed }))?;
    }
    Ok(ExitCode::SUCCESS)
}
