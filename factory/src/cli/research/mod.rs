//! `swemill research METHOD`: one sub-command a research method.

mod envelope;
mod ladder;

use std::process::ExitCode;

use clap::Subcommand;

use super::output::Output;

/// The methods, in the order in which `--help` lists them.
#[derive(Debug, Subcommand)]
pub(super) enum Method {
    /// Envelopes of chords of two circles: count, classify and draw their singularities
    Envelope {
        #[command(subcommand)]
        verb: envelope::Verb,
    },
    /// Model ladders: predict the task performance of a large model from small ones
    Ladder {
        #[command(subcommand)]
        verb: ladder::Verb,
    },
}

/// Runs one method.
pub(super) fn run(method: Method, output: &Output) -> anyhow::Result<ExitCode> {
    match method {
        Method::Envelope { verb } => envelope::run(verb, output),
        Method::Ladder { verb } => ladder::run(verb, output),
    }
}
