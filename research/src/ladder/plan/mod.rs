//! Which next rung would narrow the predictions most for the least compute.

mod design;
mod rungs;

use serde::Serialize;

use super::error::{LadderError, Result};
use super::fit::LadderFit;
use super::scale::Scale;
use super::statistics::mean;
use design::TaskDesign;

/// A rung that could be trained next.
#[derive(Debug, Clone, Serialize)]
pub struct Candidate {
    /// Parameters of its models.
    pub parameters: f64,
    /// Tokens of each of its runs.
    pub tokens: Vec<f64>,
    /// Compute of all its runs.
    pub flops: f64,
    /// That as a share of the target's, in percent.
    pub share: f64,
    /// The mean over the tasks of the prediction's standard error with this rung, in points of accuracy.
    pub deviation: f64,
    /// By how much that is less than without it, in percent.
    pub narrowing: f64,
    /// Whether no cheaper candidate narrows as much.
    pub is_efficient: bool,
}

/// A task's standard error at the target, before and after the recommended rung.
#[derive(Debug, Clone, Serialize)]
pub struct TaskPlan {
    /// The task.
    pub task: String,
    /// Of the accuracy, in points, from the first step alone; nothing if the runs do not determine the curve.
    pub deviation: Option<f64>,
    /// The same with the recommended rung.
    pub with_recommended: Option<f64>,
}

/// The candidates for a target.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// What is to be predicted.
    pub target: Scale,
    /// The mean over the tasks of the standard error now, in points of accuracy.
    pub deviation: f64,
    /// The most compute that the recommended rung may take, as a share of the target's, in percent.
    pub budget: f64,
    /// The candidates, the cheapest first.
    pub candidates: Vec<Candidate>,
    /// The one that narrows most within the budget.
    pub recommended: Option<Candidate>,
    /// The tasks.
    pub tasks: Vec<TaskPlan>,
}

/// Weighs candidate rungs for a prediction at `target`: models from the smallest rung's size up to a quarter of the
/// target's, each trained at the ladder's ratios of tokens to parameters. `budget` is a share of the target's compute
/// in percent.
pub fn plan(fits: &LadderFit, target: Scale, budget: f64) -> Result<Plan> {
    if !(budget > 0.0 && budget.is_finite()) {
        return Err(LadderError::Setting {
            name: "the budget",
            value: budget.to_string(),
            rule: "it is a share of the target's compute in percent, above zero",
        });
    }
    let designs = fits.tasks.iter().map(|fit| TaskDesign::of(fit, &target));
    let designs: Vec<TaskDesign> = designs.collect();
    let with = |runs: &[Scale]| -> Vec<Option<f64>> {
        designs
            .iter()
            .map(|design| design.deviation(runs))
            .collect()
    };
    let now = with(&[]);
    // Tasks that are not determined now are left out of the means, before and after.
    let average = |deviations: &[Option<f64>]| {
        let pairs = deviations.iter().zip(&now);
        let known: Vec<f64> = pairs.filter_map(|(with, now)| now.and(*with)).collect();
        (!known.is_empty()).then(|| mean(&known))
    };
    let deviation = average(&now).ok_or(LadderError::Nothing {
        what: "task whose runs determine its curve",
        remedy: "train more runs than the curve has parameters, of several sizes and numbers of tokens",
    })?;
    let candidate = |runs: &Vec<Scale>| {
        let with = average(&with(runs))?;
        let flops: f64 = runs.iter().map(|run| run.flops).sum();
        Some(Candidate {
            parameters: runs.first()?.parameters,
            tokens: runs.iter().map(|run| run.tokens).collect(),
            flops,
            share: 100.0 * flops / target.flops,
            deviation: with,
            narrowing: 100.0 * (1.0 - with / deviation),
            is_efficient: false,
        })
    };
    let mut candidates: Vec<Candidate> = rungs::candidates(fits, &target)
        .iter()
        .filter_map(candidate)
        .collect();
    candidates.sort_by(|a, b| a.flops.total_cmp(&b.flops));
    let mut best = deviation;
    for candidate in &mut candidates {
        candidate.is_efficient = candidate.deviation < best;
        best = best.min(candidate.deviation);
    }
    let affordable = candidates
        .iter()
        .filter(|candidate| candidate.share <= budget);
    let recommended = affordable
        .min_by(|a, b| a.deviation.total_cmp(&b.deviation))
        .cloned();
    let after = recommended.as_ref().map(|candidate| {
        let run = |&tokens: &f64| Scale::new(candidate.parameters, tokens);
        with(&candidate.tokens.iter().map(run).collect::<Vec<_>>())
    });
    let task = |(index, design): (usize, &TaskDesign)| TaskPlan {
        task: design.task.clone(),
        deviation: now[index],
        with_recommended: after.as_ref().and_then(|after| after[index]),
    };
    Ok(Plan {
        target,
        deviation,
        budget,
        tasks: designs.iter().enumerate().map(task).collect(),
        candidates,
        recommended,
    })
}
