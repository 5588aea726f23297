//! `swemill research ladder variance`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use swemill_research::ladder::{self, LAST};

use super::arguments::{FitArguments, note_left_out, print_table};
use super::files::write_figures;
use crate::cli::output::Output;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    fit: FitArguments,
    /// The run to look at (default: that of the most compute)
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
    /// How many last checkpoints
    #[arg(long, value_name = "N", default_value_t = LAST)]
    checkpoints: usize,
    /// Write variance.svg into this folder
    #[arg(long, value_name = "FOLDER", help_heading = "Results")]
    figures: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<()> {
    let ladder = arguments.fit.ladder()?;
    let fits = arguments.fit.fit(&ladder)?;
    note_left_out(output, &fits);
    let run = arguments.run.as_deref();
    let variance = ladder::variance(&ladder, &fits, run, arguments.checkpoints)?;
    if let Some(folder) = &arguments.figures {
        let figures = [("variance", ladder::variance_figure(&variance))];
        write_figures(folder, &figures, output)?;
    }
    if output.is_json() {
        return output.document(&variance);
    }
    let heading = format!("The last {} checkpoints of {}", variance.last, variance.run);
    print_table(output, &heading, &ladder::variance_table(&variance));
    for one in &variance.correlations {
        output.line(format_args!(
            "Pearson's r of the deviation and the error of {} over {} tasks: {:.3} (p = {:.4})",
            one.target, one.tasks, one.r, one.p
        ));
    }
    Ok(())
}
