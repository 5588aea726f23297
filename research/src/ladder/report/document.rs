//! A fit as JSON.

use serde::Serialize;

use crate::ladder::exclusion::Exclusion;
use crate::ladder::fit::{Failure, FitReport, LadderFit, TaskFit};
use crate::ladder::method::Method;
use crate::ladder::points::Final;

/// What `swemill research ladder fit --json` prints.
#[derive(Debug, Serialize)]
pub struct FitDocument<'a> {
    /// How the ladder was fitted.
    pub method: &'a Method,
    /// The fitted tasks.
    pub tasks: Vec<TaskDocument<'a>>,
    /// The tasks that could not be fitted.
    pub failures: &'a [Failure],
    /// What of the data was left out.
    pub exclusions: &'a [Exclusion],
}

/// One task of a [`FitDocument`].
#[derive(Debug, Serialize)]
pub struct TaskDocument<'a> {
    /// The task.
    pub task: &'a str,
    /// The steps, each with its parameters.
    pub steps: &'a [FitReport],
    /// The ends of the runs that were fitted.
    pub runs: &'a [Final],
    /// The ends of the runs to predict.
    pub targets: &'a [Final],
}

impl<'a> FitDocument<'a> {
    /// The document of a fit.
    pub fn of(fits: &'a LadderFit) -> Self {
        let task = |fit: &'a TaskFit| TaskDocument {
            task: &fit.points.task,
            steps: &fit.steps,
            runs: &fit.points.finals,
            targets: &fit.points.targets,
        };
        Self {
            method: &fits.method,
            tasks: fits.tasks.iter().map(task).collect(),
            failures: &fits.failures,
            exclusions: &fits.exclusions,
        }
    }
}
