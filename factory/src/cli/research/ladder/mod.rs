//! `swemill research ladder`.

mod arguments;
mod files;
mod fit;
mod plan;
mod predict;
mod resample;
mod variance;

use std::process::ExitCode;

use clap::Subcommand;

use crate::cli::output::Output;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Verb {
    /// Fit the curves and show their parameters; figures and a report if asked for
    Fit(Box<fit::Arguments>),
    /// Predict the accuracy of larger models, with bands and the errors of known targets
    Predict(Box<predict::Arguments>),
    /// Show how much scores waver at the end of a run, and whether that foretells errors
    Variance(Box<variance::Arguments>),
    /// Find the next rung that narrows a prediction most for its compute
    Plan(Box<plan::Arguments>),
}

/// Runs one verb.
pub(super) fn run(verb: Verb, output: &Output) -> anyhow::Result<ExitCode> {
    match verb {
        Verb::Fit(arguments) => fit::run(&arguments, output),
        Verb::Predict(arguments) => predict::run(&arguments, output),
        Verb::Variance(arguments) => variance::run(&arguments, output),
        Verb::Plan(arguments) => plan::run(&arguments, output),
    }?;
    Ok(ExitCode::SUCCESS)
}
