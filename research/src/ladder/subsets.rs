//! What a smaller ladder would have said: compute against error, and leaving one rung out.

use rayon::prelude::*;
use serde::Serialize;

use super::error::Result;
use super::fit::{LadderFit, fit};
use super::prediction::{AverageError, Prediction, average_errors, predict};
use super::runs::{Ladder, Role, Run};

/// A part of the ladder, and how well it predicts.
#[derive(Debug, Clone, Serialize)]
pub struct Subset {
    /// The largest rung used.
    pub largest_rung: String,
    /// How many rungs.
    pub rungs: usize,
    /// How many runs of each rung, the shortest first.
    pub runs_a_rung: usize,
    /// Compute of all its runs.
    pub flops: f64,
    /// That as a share of each target's compute, in percent.
    pub shares: Vec<(String, f64)>,
    /// The predictions.
    pub predictions: Vec<Prediction>,
    /// Their average errors, one a target.
    pub errors: Vec<AverageError>,
}

/// What changes without one rung.
#[derive(Debug, Clone, Serialize)]
pub struct WithoutRung {
    /// The rung left out.
    pub rung: String,
    /// The average errors of the targets.
    pub errors: Vec<AverageError>,
    /// How well the rest predicts the runs left out.
    pub left_out: Option<AverageError>,
    /// Why it could not be fitted.
    pub problem: Option<String>,
}

/// The ladder's rungs, the smallest first, each with its runs, the shortest first.
fn rungs(ladder: &Ladder) -> Vec<(String, Vec<&Run>)> {
    let mut rungs: Vec<(String, Vec<&Run>)> = Vec::new();
    // Runs come sorted by size and tokens.
    for run in ladder.of_role(Role::Fit) {
        match rungs.iter_mut().find(|(rung, _)| *rung == run.rung) {
            Some((_, known)) => known.push(run),
            None => rungs.push((run.rung.clone(), vec![run])),
        }
    }
    rungs
}

/// Fits every smaller ladder made of the first rungs and the shortest runs of each, and the whole one. Those that
/// cannot determine the curves are not listed.
pub fn compute_against_error(ladder: &Ladder, fits: &LadderFit) -> Vec<Subset> {
    let rungs = rungs(ladder);
    let longest = rungs.iter().map(|(_, runs)| runs.len()).max().unwrap_or(0);
    let sizes = (2..=rungs.len()).flat_map(|count| (2..=longest).map(move |runs| (count, runs)));
    let sizes: Vec<(usize, usize)> = sizes.collect();
    let subset = |&(count, runs_a_rung): &(usize, usize)| {
        let kept = rungs[..count]
            .iter()
            .flat_map(|(_, runs)| runs.iter().take(runs_a_rung));
        let kept: Vec<&str> = kept.map(|run| run.name.as_str()).collect();
        let smaller = ladder.keeping(|run| kept.contains(&run.name.as_str()));
        let predictions = refit(&smaller, fits).ok()?;
        let flops = smaller.of_role(Role::Fit).map(flops).sum();
        let share = |run: &Run| (run.name.clone(), 100.0 * flops / self::flops(run));
        Some(Subset {
            largest_rung: rungs[count - 1].0.clone(),
            rungs: count,
            runs_a_rung,
            flops,
            shares: ladder.of_role(Role::Target).map(share).collect(),
            errors: average_errors(&predictions),
            predictions,
        })
    };
    let mut subsets: Vec<Subset> = sizes.par_iter().filter_map(subset).collect();
    subsets.sort_by(|a, b| a.flops.total_cmp(&b.flops));
    subsets
}

/// Fits the ladder once without each of its rungs.
pub fn leave_one_rung_out(ladder: &Ladder, fits: &LadderFit) -> Vec<WithoutRung> {
    let rungs = rungs(ladder);
    let without = |(rung, left_out): &(String, Vec<&Run>)| {
        let mut rest = ladder.clone();
        // As targets, the runs left out are predicted beside the others.
        for run in &mut rest.runs {
            if run.rung == *rung && run.role == Role::Fit {
                run.role = Role::Target;
            }
        }
        let is_left_out = |one: &Prediction| left_out.iter().any(|run| run.name == one.target);
        match refit(&rest, fits) {
            Ok(predictions) => {
                let (mut inside, outside): (Vec<_>, Vec<_>) =
                    predictions.into_iter().partition(is_left_out);
                for one in &mut inside {
                    one.target.clone_from(rung);
                }
                WithoutRung {
                    rung: rung.clone(),
                    errors: average_errors(&outside),
                    left_out: average_errors(&inside).pop(),
                    problem: None,
                }
            }
            Err(error) => WithoutRung {
                rung: rung.clone(),
                errors: Vec::new(),
                left_out: None,
                problem: Some(error.to_string()),
            },
        }
    };
    rungs.par_iter().map(without).collect()
}

/// Predictions of a ladder for the tasks and by the method of an earlier fit.
fn refit(ladder: &Ladder, fits: &LadderFit) -> Result<Vec<Prediction>> {
    let tasks: Vec<String> = fits
        .tasks
        .iter()
        .map(|fit| fit.points.task.clone())
        .collect();
    predict(&fit(ladder, &tasks, &fits.method)?, None, &[])
}

/// Compute of a whole run.
fn flops(run: &Run) -> f64 {
    let lasts = run.checkpoints.values().filter_map(|list| list.last());
    lasts.fold(0.0, |most, checkpoint| checkpoint.scale.flops.max(most))
}
