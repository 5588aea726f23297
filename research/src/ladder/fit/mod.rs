//! Fitting a ladder's curves.

mod checks;
mod multistart;
mod objective;
mod task;

use rayon::prelude::*;
use serde::Serialize;

use super::error::Result;
use super::exclusion::Exclusion;
use super::method::Method;
use super::model::Model;
use super::points::TaskPoints;
use super::runs::Ladder;

pub use multistart::{FitReport, Stability};

pub(crate) use task::refit;

/// The fit of one task.
#[derive(Debug, Clone)]
pub struct TaskFit {
    /// The fitted curves.
    pub model: Model,
    /// How each step's fit went.
    pub steps: Vec<FitReport>,
    /// What was fitted.
    pub points: TaskPoints,
}

/// A task that could not be fitted.
#[derive(Debug, Clone, Serialize)]
pub struct Failure {
    /// The task.
    pub task: String,
    /// Why, and what to do.
    pub problem: String,
}

/// The fits of all tasks.
#[derive(Debug, Clone)]
pub struct LadderFit {
    /// How they were fitted.
    pub method: Method,
    /// The tasks that could be fitted.
    pub tasks: Vec<TaskFit>,
    /// Those that could not.
    pub failures: Vec<Failure>,
    /// What of the data was left out.
    pub exclusions: Vec<Exclusion>,
}

/// Fits `tasks`, or every task of the ladder if none is named. A task that cannot be fitted is told among the
/// failures; it is an error where it was asked for by name, or where no task is left.
pub fn fit(ladder: &Ladder, tasks: &[String], method: &Method) -> Result<LadderFit> {
    method.check()?;
    let wanted = if tasks.is_empty() {
        &ladder.tasks
    } else {
        tasks
    };
    let each = wanted.par_iter().map(|task| {
        let points = TaskPoints::of(ladder, task, method)?;
        task::fit(points, method)
    });
    let results: Vec<Result<TaskFit>> = each.collect();
    let mut fits = Vec::new();
    let mut failures = Vec::new();
    let is_hopeless = !tasks.is_empty() || results.iter().all(Result::is_err);
    for (task, result) in wanted.iter().zip(results) {
        match result {
            Ok(fit) => fits.push(fit),
            Err(error) if is_hopeless => return Err(error),
            Err(error) => failures.push(Failure {
                task: task.clone(),
                problem: error.to_string(),
            }),
        }
    }
    let mut exclusions = ladder.exclusions.clone();
    exclusions.extend(fits.iter().flat_map(|fit| fit.points.exclusions.clone()));
    Ok(LadderFit {
        method: method.clone(),
        tasks: fits,
        failures,
        exclusions,
    })
}
