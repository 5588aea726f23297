//! `swemill research ladder plan`.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use serde::Serialize;
use swemill_research::chart::magnitude;
use swemill_research::ladder::{self, Plan, Scale, Subset, WithoutRung};

use super::arguments::{FitArguments, note_left_out, print_table};
use super::files::write_figures;
use super::fit::largest_target;
use super::predict::scale;
use crate::cli::output::Output;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    fit: FitArguments,
    /// What to predict: N parameters and D tokens, such as 7B,4T (default: the largest target in the data)
    #[arg(long, value_name = "N,D", value_parser = scale)]
    at: Option<Scale>,
    /// The most compute that the next rung may take, in percent of the target's
    #[arg(long, value_name = "PERCENT", default_value_t = 5.0)]
    budget: f64,
    /// Write plan.svg and compute.svg into this folder
    #[arg(long, value_name = "FOLDER", help_heading = "Results")]
    figures: Option<PathBuf>,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Document<'a> {
    plan: &'a Plan,
    compute_against_error: &'a [Subset],
    without_rung: &'a [WithoutRung],
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<()> {
    let ladder = arguments.fit.ladder()?;
    let fits = arguments.fit.fit(&ladder)?;
    note_left_out(output, &fits);
    let target = arguments.at.or_else(|| largest_target(&ladder));
    let target =
        target.context("the data marks no run as a target; name what to predict with --at N,D")?;
    let plan = ladder::plan(&fits, target, arguments.budget)?;
    let subsets = ladder::compute_against_error(&ladder, &fits);
    let without = ladder::leave_one_rung_out(&ladder, &fits);
    if let Some(folder) = &arguments.figures {
        let figures = [
            ("plan", Some(ladder::plan_figure(&plan))),
            ("compute", ladder::compute_figure(&subsets)),
        ];
        write_figures(folder, &figures, output)?;
    }
    if output.is_json() {
        return output.document(&Document {
            plan: &plan,
            compute_against_error: &subsets,
            without_rung: &without,
        });
    }
    print_table(output, "Smaller ladders", &ladder::subsets_table(&subsets));
    print_table(
        output,
        "Without one rung",
        &ladder::without_rung_table(&without),
    );
    let (n, d) = (magnitude(target.parameters), magnitude(target.tokens));
    let heading = format!(
        "Next rungs for a model of {n} parameters and {d} tokens, the best for their compute"
    );
    print_table(output, &heading, &ladder::candidates_table(&plan));
    print_table(output, "Tasks", &ladder::task_plans_table(&plan));
    output.line(recommendation(&plan));
    Ok(())
}

/// What to train next, in words.
fn recommendation(plan: &Plan) -> String {
    let budget = plan.budget;
    let Some(best) = &plan.recommended else {
        return format!("No rung fits within {budget}% of the target's compute; raise --budget.");
    };
    format!(
        "Train {} runs of {} parameters next: of what {budget}% of the target's compute allows, they narrow the \
         predictions most, from {:.2} to {:.2} points, for {:.2}%.",
        best.tokens.len(),
        magnitude(best.parameters),
        plan.deviation,
        best.deviation,
        best.share
    )
}
