//! `swemill export FORMAT`: write a data set.

mod instances;
mod sft;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::output::Output;
use crate::export::Format;
use crate::settings::Settings;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    form: Form,
}

#[derive(Debug, Subcommand)]
enum Form {
    /// Instances: SWE-smith's rows as JSON lines, with provenance columns
    Swesmith(instances::Arguments),
    /// Instances: the same columns as Parquet, for `datasets.load_dataset`
    Parquet(instances::Arguments),
    /// Attempts to learn from: resolved ones, by split, with loss masks
    Sft(Box<sft::Arguments>),
}

pub(super) async fn run(
    arguments: Arguments,
    settings: Settings,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    match arguments.form {
        Form::Swesmith(arguments) => {
            instances::run(arguments, Format::Swesmith, settings, output).await
        }
        Form::Parquet(arguments) => {
            instances::run(arguments, Format::Parquet, settings, output).await
        }
        Form::Sft(arguments) => sft::run(*arguments, settings, output).await,
    }
}
