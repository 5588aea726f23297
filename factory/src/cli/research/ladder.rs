//! `swemill research ladder`.

use std::process::ExitCode;

use clap::Subcommand;

use crate::cli::output::Output;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {}

/// Runs one verb.
pub(super) fn run(verb: Verb, _output: &Output) -> anyhow::Result<ExitCode> {
    match verb {}
}
