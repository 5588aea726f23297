//! `swemill research ladder predict`.

use anyhow::Result;
use clap::Args;
use serde::Serialize;
use swemill_research::ladder::{self, AverageError, LadderError, Prediction, Scale};

use super::arguments::{FitArguments, note_left_out, print_table};
use super::resample::BandArguments;
use crate::cli::output::Output;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    fit: FitArguments,
    #[command(flatten)]
    bands: BandArguments,
    /// Also predict a model of N parameters trained on D tokens, such as 7e9,4e12 or 7B,4T
    #[arg(long, value_name = "N,D", value_parser = scale)]
    at: Vec<Scale>,
}

pub(super) fn scale(text: &str) -> Result<Scale, LadderError> {
    Scale::parse(text)
}

/// What `--json` prints.
#[derive(Serialize)]
struct Document<'a> {
    predictions: &'a [Prediction],
    average_errors: &'a [AverageError],
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<()> {
    let ladder = arguments.fit.ladder()?;
    let fits = arguments.fit.fit(&ladder)?;
    note_left_out(output, &fits);
    // What cannot be predicted is said before the samples are drawn.
    ladder::predict(&fits, None, &arguments.at)?;
    let samples = arguments.bands.resample(&fits, output)?;
    let predictions = ladder::predict(&fits, samples.as_deref(), &arguments.at)?;
    let averages = ladder::average_errors(&predictions);
    if output.is_json() {
        return output.document(&Document {
            predictions: &predictions,
            average_errors: &averages,
        });
    }
    print_table(
        output,
        "Predictions",
        &ladder::predictions_table(&predictions),
    );
    if !averages.is_empty() {
        print_table(output, "Average errors", &ladder::averages_table(&averages));
    }
    Ok(())
}
