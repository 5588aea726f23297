//! `swemill model VERB`: fetching, looking at, running and serving models.

use std::process::ExitCode;

use clap::Subcommand;

use super::output::Output;
use crate::settings::Settings;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {}

/// Runs one verb.
pub(super) async fn run(
    verb: Verb,
    _settings: Settings,
    _output: &Output,
) -> anyhow::Result<ExitCode> {
    match verb {}
}
