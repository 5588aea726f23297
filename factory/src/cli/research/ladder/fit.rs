//! `swemill research ladder fit`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use swemill_research::ladder::{
    self, FitDocument, LAST, Ladder, LadderFit, Report, Role, Scale, TaskSamples,
};

use super::arguments::{FitArguments, note_left_out, print_table};
use super::files::{write, write_figures};
use super::resample::BandArguments;
use crate::cli::output::Output;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    fit: FitArguments,
    #[command(flatten)]
    bands: BandArguments,
    /// Write the figures of the steps into this folder: step1.svg, step2.svg, chained.svg
    #[arg(long, value_name = "FOLDER", help_heading = "Results")]
    figures: Option<PathBuf>,
    /// Write everything, the analyses too, into one HTML page
    #[arg(long, value_name = "FILE", help_heading = "Results")]
    report: Option<PathBuf>,
}

/// The share of the target's compute that a report's next rung may take, in percent.
const BUDGET: f64 = 5.0;

pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<()> {
    let ladder = arguments.fit.ladder()?;
    let fits = arguments.fit.fit(&ladder)?;
    note_left_out(output, &fits);
    // Bands are only seen in figures.
    let samples = if arguments.figures.is_some() || arguments.report.is_some() {
        arguments.bands.resample(&fits, output)?
    } else {
        None
    };
    if let Some(folder) = &arguments.figures {
        let samples = samples.as_deref();
        let figures = [
            ("step1", ladder::first_step_figure(&fits, samples)),
            ("step2", ladder::second_step_figure(&fits, samples)),
            ("chained", Some(ladder::chained_figure(&fits, samples))),
        ];
        write_figures(folder, &figures, output)?;
    }
    if let Some(file) = &arguments.report {
        let source = arguments.fit.source();
        let html = report(&ladder, &fits, samples.as_deref(), &source, output);
        write(file, &html, output)?;
    }
    if output.is_json() {
        return output.document(&FitDocument::of(&fits));
    }
    for step in 0..2 {
        if let Some((curve, table)) = ladder::parameters_table(&fits, step) {
            print_table(output, &format!("Parameters of the {curve}"), &table);
        }
    }
    Ok(())
}

/// The page of everything that the data allows; what it does not allow is said.
fn report(
    ladder: &Ladder,
    fits: &LadderFit,
    samples: Option<&[TaskSamples]>,
    source: &str,
    output: &Output,
) -> String {
    let without = |part: &str, problem: &dyn std::fmt::Display| {
        output.note(format_args!("the report has no part on {part}: {problem}"));
    };
    let predictions = ladder::predict(fits, samples, &[]);
    let predictions = predictions.inspect_err(|problem| without("predictions", problem));
    let variance = ladder::variance(ladder, fits, None, LAST);
    let variance = variance.inspect_err(|problem| without("variance", problem));
    let plan = largest_target(ladder).map(|target| ladder::plan(fits, target, BUDGET));
    let plan = plan.and_then(|plan| {
        plan.inspect_err(|problem| without("next rungs", problem))
            .ok()
    });
    Report {
        source,
        fits,
        samples,
        predictions: &predictions.unwrap_or_default(),
        variance: variance.ok().as_ref(),
        subsets: &ladder::compute_against_error(ladder, fits),
        without: &ladder::leave_one_rung_out(ladder, fits),
        plan: plan.as_ref(),
    }
    .html()
}

/// The size of the largest run that is to be predicted.
pub(super) fn largest_target(ladder: &Ladder) -> Option<Scale> {
    let targets = ladder.of_role(Role::Target);
    let scales = targets.map(|run| Scale::new(run.parameters, run.final_tokens()));
    scales.max_by(|a, b| a.flops.total_cmp(&b.flops))
}
