//! `swemill export swesmith` and `swemill export parquet`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::cli::instances::FilterArguments;
use crate::cli::output::Output;
use crate::export::{Format, export};
use crate::service::Service;
use crate::settings::Settings;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The folder to write into; made where missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    filter: FilterArguments,
}

pub(super) async fn run(
    arguments: Arguments,
    format: Format,
    settings: Settings,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let service = Service::open(settings).await?;
    let command = format!(
        "swemill export {} --out DIR{}",
        format.as_str(),
        arguments.filter.as_flags()
    );
    let filter = arguments.filter.into_filter()?;
    let written = export(service.pool(), filter, format, &arguments.out, &command).await?;
    if output.is_json() {
        output.document(&written)?;
    }
    output.line(format_args!(
        "wrote {} instances to {} and the card to {}",
        written.instances,
        written.file.display(),
        written.card.display()
    ));
    service.close().await?;
    Ok(ExitCode::SUCCESS)
}
