//! The tables of results.

use super::table::Table;
use crate::chart::magnitude;
use crate::ladder::bootstrap::Band;
use crate::ladder::exclusion::Exclusion;
use crate::ladder::fit::{FitReport, LadderFit};
use crate::ladder::plan::{Candidate, Plan};
use crate::ladder::prediction::{AverageError, Prediction};
use crate::ladder::subsets::{Subset, WithoutRung};
use crate::ladder::variance::Variance;

/// The parameters of one step of every task, with how well they fit; nothing if the fits have no such step.
pub fn parameters_table(fits: &LadderFit, step: usize) -> Option<(&'static str, Table)> {
    let steps = fits
        .tasks
        .iter()
        .filter_map(|fit| Some((fit, fit.steps.get(step)?)));
    let steps: Vec<_> = steps.collect();
    let first: &FitReport = steps.first()?.1;
    let names = first.parameters.iter().map(|(name, _)| *name);
    let header: Vec<&str> = std::iter::once("task")
        .chain(names)
        .chain(["points", "fit error", "starts agreeing"])
        .collect();
    let mut table = Table::new(&header);
    for (fit, report) in &steps {
        let mut row = vec![fit.points.task.clone()];
        row.extend(
            report
                .parameters
                .iter()
                .map(|(_, value)| format!("{value:.4}")),
        );
        row.push(report.points.to_string());
        row.push(format!("{:.2}%", 100.0 * report.relative_error));
        let stability = &report.stability;
        row.push(format!("{}/{}", stability.agreeing, stability.starts));
        table.rows.push(row);
    }
    Some((first.curve, table))
}

/// Predictions with their bands and outcomes.
pub fn predictions_table(predictions: &[Prediction]) -> Table {
    let header = [
        "task", "target", "feature", "band", "reached", "accuracy", "band", "reached", "error",
    ];
    let mut table = Table::new(&header);
    for one in predictions {
        let outcome = one.outcome.as_ref();
        table.rows.push(vec![
            one.task.clone(),
            one.target.clone(),
            or_dash(one.feature, |value| format!("{value:.4}")),
            or_dash(one.feature_band, |Band { low, high }| {
                format!("{low:.3}–{high:.3}")
            }),
            or_dash(outcome.and_then(|outcome| outcome.feature), |value| {
                format!("{value:.4}")
            }),
            format!("{:.2}%", 100.0 * one.accuracy),
            or_dash(one.accuracy_band, |Band { low, high }| {
                format!("{:.1}–{:.1}%", 100.0 * low, 100.0 * high)
            }),
            or_dash(outcome, |outcome| {
                format!("{:.2}%", 100.0 * outcome.accuracy)
            }),
            or_dash(outcome, |outcome| format!("{:+.2}", outcome.error_points)),
        ]);
    }
    table
}

/// Average errors, one row a target.
pub fn averages_table(averages: &[AverageError]) -> Table {
    let header = [
        "target",
        "tasks",
        "error (points)",
        "relative error",
        "step 1 error",
    ];
    let mut table = Table::new(&header);
    for average in averages {
        table.rows.push(vec![
            average.target.clone(),
            average.tasks.to_string(),
            format!("{:.2}", average.points),
            format!("{:.2}%", average.relative),
            or_dash(average.first_step, |value| format!("{value:.2}%")),
        ]);
    }
    table
}

/// Deviations, one row a task, with each target's error of the second step.
pub fn variance_table(variance: &Variance) -> Table {
    let targets: Vec<&str> = variance
        .correlations
        .iter()
        .map(|one| one.target.as_str())
        .collect();
    let errors: Vec<String> = targets
        .iter()
        .map(|target| format!("error {target}"))
        .collect();
    let deviation = format!("SD{}", variance.last);
    let mut header = vec![
        "task",
        "mean",
        deviation.as_str(),
        "relative",
        "accuracy (points)",
    ];
    header.extend(errors.iter().map(String::as_str));
    let mut table = Table::new(&header);
    for task in &variance.tasks {
        let mut row = vec![
            task.task.clone(),
            format!("{:.4}", task.feature_mean),
            format!("{:.4}", task.feature_deviation),
            format!("{:.2}%", task.relative_deviation),
            or_dash(task.accuracy_deviation, |value| format!("{value:.2}")),
        ];
        for target in &targets {
            let error = task.errors.iter().find(|(name, _)| name == target);
            row.push(or_dash(error, |(_, error)| format!("{error:.2}%")));
        }
        table.rows.push(row);
    }
    table
}

/// Smaller ladders, the cheapest first, with each target's average error.
pub fn subsets_table(subsets: &[Subset]) -> Table {
    let header = [
        "rungs",
        "runs a rung",
        "FLOPs",
        "target",
        "share",
        "error (points)",
        "relative error",
    ];
    let mut table = Table::new(&header);
    for subset in subsets {
        for error in &subset.errors {
            let share = subset.shares.iter().find(|(name, _)| *name == error.target);
            table.rows.push(vec![
                format!("up to {}", subset.largest_rung),
                subset.runs_a_rung.to_string(),
                format!("{:.2e}", subset.flops),
                error.target.clone(),
                or_dash(share, |(_, share)| format!("{share:.2}%")),
                format!("{:.2}", error.points),
                format!("{:.2}%", error.relative),
            ]);
        }
    }
    table
}

/// The ladder without each of its rungs.
pub fn without_rung_table(without: &[WithoutRung]) -> Table {
    let header = ["without", "predicting", "error (points)", "relative error"];
    let mut table = Table::new(&header);
    for one in without {
        if let Some(problem) = &one.problem {
            table
                .rows
                .push(vec![one.rung.clone(), problem.clone(), dash(), dash()]);
        }
        let own = one.left_out.iter().map(|error| ("its own runs", error));
        let targets = one
            .errors
            .iter()
            .map(|error| (error.target.as_str(), error));
        for (what, error) in own.chain(targets) {
            table.rows.push(vec![
                one.rung.clone(),
                what.to_owned(),
                format!("{:.2}", error.points),
                format!("{:.2}%", error.relative),
            ]);
        }
    }
    table
}

/// The candidates that narrow most for their compute, the cheapest first.
pub fn candidates_table(plan: &Plan) -> Table {
    let header = [
        "rung",
        "tokens of its runs",
        "FLOPs",
        "of target",
        "standard error",
        "narrower by",
    ];
    let mut table = Table::new(&header);
    let is_listed = |one: &&Candidate| one.is_efficient;
    for one in plan.candidates.iter().filter(is_listed) {
        let tokens: Vec<String> = one.tokens.iter().map(|tokens| magnitude(*tokens)).collect();
        table.rows.push(vec![
            magnitude(one.parameters),
            tokens.join(" "),
            format!("{:.2e}", one.flops),
            format!("{:.3}%", one.share),
            format!("{:.2} points", one.deviation),
            format!("{:.1}%", one.narrowing),
        ]);
    }
    table
}

/// Every task's standard error before and after the recommended rung.
pub fn task_plans_table(plan: &Plan) -> Table {
    let mut table = Table::new(&["task", "standard error now", "with the recommended rung"]);
    let points = |value: Option<f64>| or_dash(value, |value| format!("{value:.2} points"));
    for task in &plan.tasks {
        table.rows.push(vec![
            task.task.clone(),
            points(task.deviation),
            points(task.with_recommended),
        ]);
    }
    table
}

/// What was left out.
pub fn exclusions_table(exclusions: &[Exclusion]) -> Table {
    let mut table = Table::new(&["left out", "of", "count", "first"]);
    for one in exclusions {
        table.rows.push(vec![
            one.reason.to_string(),
            one.subject.clone(),
            one.count.to_string(),
            one.first.clone(),
        ]);
    }
    table
}

fn dash() -> String {
    "–".to_owned()
}

fn or_dash<T>(value: Option<T>, write: impl Fn(T) -> String) -> String {
    value.map_or_else(dash, write)
}
