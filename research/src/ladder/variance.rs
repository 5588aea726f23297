//! How much a task's scores waver between checkpoints, and whether that foretells the error of predictions.

use serde::Serialize;

use super::error::{LadderError, Result};
use super::fit::LadderFit;
use super::runs::{Ladder, Role, Run};
use super::statistics::{mean, pearson, population_deviation};

/// The paper looks at the last ten checkpoints of its longest run of the largest rung: SD10.
pub const LAST: usize = 10;

/// The wavering of one task.
#[derive(Debug, Clone, Serialize)]
pub struct TaskVariance {
    /// The task.
    pub task: String,
    /// Mean of the feature over the last checkpoints.
    pub feature_mean: f64,
    /// Its standard deviation there, of the population.
    pub feature_deviation: f64,
    /// That as a share of the mean, in percent.
    pub relative_deviation: f64,
    /// Standard deviation of the accuracy, in points.
    pub accuracy_deviation: Option<f64>,
    /// For every target, the second step's relative error in percent.
    pub errors: Vec<(String, f64)>,
}

/// How well deviations foretell the errors of one target.
#[derive(Debug, Clone, Serialize)]
pub struct Correlation {
    /// The target.
    pub target: String,
    /// The tasks that were compared.
    pub tasks: usize,
    /// Pearson's r of the feature's deviation and the second step's relative error.
    pub r: f64,
    /// The probability of an r this far from zero by chance.
    pub p: f64,
}

/// The analysis of one run.
#[derive(Debug, Clone, Serialize)]
pub struct Variance {
    /// The run.
    pub run: String,
    /// How many last checkpoints were looked at.
    pub last: usize,
    /// The tasks, the calmest first.
    pub tasks: Vec<TaskVariance>,
    /// One a target that has outcomes of at least three tasks.
    pub correlations: Vec<Correlation>,
}

/// Measures the wavering at the end of the run called `run`, by default that of the most compute.
pub fn variance(
    ladder: &Ladder,
    fits: &LadderFit,
    run: Option<&str>,
    last: usize,
) -> Result<Variance> {
    if last < 2 {
        return Err(LadderError::Setting {
            name: "the number of last checkpoints",
            value: last.to_string(),
            rule: "a deviation needs at least 2",
        });
    }
    let run = match run {
        Some(name) => ladder.run(name)?,
        None => largest(ladder)?,
    };
    let mut tasks: Vec<TaskVariance> = Vec::new();
    for fit in &fits.tasks {
        let checkpoints = run.of_task(&fit.points.task);
        let feature = |name: &Option<String>| -> Vec<f64> {
            let values = checkpoints
                .iter()
                .rev()
                .filter_map(|checkpoint| match name {
                    Some(name) => checkpoint.features.get(name).copied(),
                    None => checkpoint.loss,
                });
            values.take(last).collect()
        };
        let features = feature(&fits.method.feature);
        let accuracies = checkpoints.iter().rev().filter_map(|c| c.accuracy);
        let accuracies: Vec<f64> = accuracies.take(last).collect();
        if features.len() < last {
            continue;
        }
        let targets = fit.points.targets.iter().filter_map(|target| {
            let (feature, accuracy) = (target.feature?, target.accuracy.filter(|a| *a > 0.0)?);
            let error = (fit.model.accuracy_at(feature)? - accuracy).abs() / accuracy;
            Some((target.run.clone(), 100.0 * error))
        });
        let deviation = population_deviation(&features);
        tasks.push(TaskVariance {
            task: fit.points.task.clone(),
            feature_mean: mean(&features),
            feature_deviation: deviation,
            relative_deviation: 100.0 * deviation / mean(&features),
            accuracy_deviation: (accuracies.len() >= last)
                .then(|| 100.0 * population_deviation(&accuracies)),
            errors: targets.collect(),
        });
    }
    if tasks.is_empty() {
        return Err(LadderError::Nothing {
            what: "task with enough checkpoints at the end of that run",
            remedy: "choose another run, or fewer last checkpoints",
        });
    }
    tasks.sort_by(|a, b| a.feature_deviation.total_cmp(&b.feature_deviation));
    Ok(Variance {
        run: run.name.clone(),
        last,
        correlations: correlations(&tasks),
        tasks,
    })
}

/// The run of most compute among those that are fitted.
fn largest(ladder: &Ladder) -> Result<&Run> {
    let compute = |run: &Run| run.parameters * run.final_tokens();
    let runs = ladder.of_role(Role::Fit);
    let largest = runs.max_by(|a, b| compute(a).total_cmp(&compute(b)));
    largest.ok_or(LadderError::Nothing {
        what: "run to look at",
        remedy: "every run in the data is a target",
    })
}

fn correlations(tasks: &[TaskVariance]) -> Vec<Correlation> {
    let targets = tasks
        .iter()
        .flat_map(|task| task.errors.iter().map(|(target, _)| target));
    let mut names: Vec<&String> = targets.collect();
    names.sort();
    names.dedup();
    let of = |target: &String| {
        let pairs = tasks.iter().filter_map(|task| {
            let (_, error) = task.errors.iter().find(|(name, _)| name == target)?;
            Some((task.feature_deviation, *error))
        });
        let (deviations, errors): (Vec<f64>, Vec<f64>) = pairs.unzip();
        let (r, p) = pearson(&deviations, &errors)?;
        Some(Correlation {
            target: target.clone(),
            tasks: errors.len(),
            r,
            p,
        })
    };
    names.into_iter().filter_map(of).collect()
}
