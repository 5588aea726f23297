//! What a fit sees of a task: each run's final values, and its smoothed way there.

use std::collections::BTreeSet;

use serde::Serialize;

use super::error::{LadderError, Result};
use super::exclusion::{Exclusion, Exclusions, Reason};
use super::method::Method;
use super::runs::{Checkpoint, Ladder, Role, Run};
use super::scale::Scale;
use super::statistics::mean;

/// Where a run ended.
#[derive(Debug, Clone, Serialize)]
pub struct Final {
    /// The run.
    pub run: String,
    /// Its size class.
    pub rung: String,
    /// The size at the last checkpoint.
    pub scale: Scale,
    /// The feature, averaged over the last checkpoints.
    pub feature: Option<f64>,
    /// The accuracy, averaged likewise.
    pub accuracy: Option<f64>,
}

/// The points of one task.
#[derive(Debug, Clone)]
pub struct TaskPoints {
    /// The task.
    pub task: String,
    /// The ends of the runs to fit.
    pub finals: Vec<Final>,
    /// For each of them the smoothed pairs of feature and accuracy.
    pub trails: Vec<Vec<(f64, f64)>>,
    /// The ends of the runs to predict.
    pub targets: Vec<Final>,
    /// What was left out.
    pub exclusions: Vec<Exclusion>,
}

impl TaskPoints {
    /// The points of `task` as `method` wants them.
    pub fn of(ladder: &Ladder, task: &str, method: &Method) -> Result<Self> {
        if !ladder.tasks.iter().any(|known| known == task) {
            return Err(LadderError::Unknown {
                kind: "task",
                name: task.to_owned(),
                known: ladder.tasks.join(", "),
            });
        }
        check_feature(ladder, task, method)?;
        let mut exclusions = Exclusions::default();
        let mut points = Self {
            task: task.to_owned(),
            finals: Vec::new(),
            trails: Vec::new(),
            targets: Vec::new(),
            exclusions: Vec::new(),
        };
        for run in &ladder.runs {
            let checkpoints = run.of_task(task);
            let end = end_of(run, checkpoints, method);
            match (run.role, end) {
                (Role::Fit, Some(end)) => {
                    points.finals.push(end);
                    points.trails.push(trail(checkpoints, method));
                }
                (Role::Target, Some(end)) => points.targets.push(end),
                (_, None) => exclusions.add(
                    Reason::TooFewCheckpoints,
                    format!("task {task}"),
                    format_args!("run {}", run.name),
                ),
            }
        }
        points.exclusions = exclusions.into_list();
        Ok(points)
    }
}

/// Whether the feature that `method` names is there at all.
fn check_feature(ladder: &Ladder, task: &str, method: &Method) -> Result<()> {
    let Some(wanted) = &method.feature else {
        return Ok(());
    };
    let checkpoints = ladder.runs.iter().flat_map(|run| run.of_task(task));
    let known = checkpoints.flat_map(|checkpoint| checkpoint.features.keys());
    let known: BTreeSet<&str> = known.map(String::as_str).collect();
    if known.contains(wanted.as_str()) {
        return Ok(());
    }
    let list = known.into_iter().collect::<Vec<_>>().join(", ");
    Err(LadderError::Unknown {
        kind: "feature",
        name: wanted.clone(),
        known: if list.is_empty() {
            "none".to_owned()
        } else {
            list
        },
    })
}

/// The feature of a checkpoint that `method` asks for.
fn feature(checkpoint: &Checkpoint, method: &Method) -> Option<f64> {
    match &method.feature {
        Some(name) => checkpoint.features.get(name).copied(),
        None => checkpoint.loss,
    }
}

fn end_of(run: &Run, checkpoints: &[Checkpoint], method: &Method) -> Option<Final> {
    let end = Final {
        run: run.name.clone(),
        rung: run.rung.clone(),
        scale: checkpoints.last()?.scale,
        feature: mean_of_last(checkpoints, method.last, |c| feature(c, method)),
        accuracy: mean_of_last(checkpoints, method.last, |c| c.accuracy),
    };
    (end.feature.is_some() || end.accuracy.is_some()).then_some(end)
}

/// The mean over the last `count` checkpoints that have the value.
fn mean_of_last(
    checkpoints: &[Checkpoint],
    count: usize,
    value: impl Fn(&Checkpoint) -> Option<f64>,
) -> Option<f64> {
    let last: Vec<f64> = checkpoints
        .iter()
        .rev()
        .filter_map(value)
        .take(count)
        .collect();
    (!last.is_empty()).then(|| mean(&last))
}

/// The pairs of feature and accuracy of one run, without the first ones and smoothed.
fn trail(checkpoints: &[Checkpoint], method: &Method) -> Vec<(f64, f64)> {
    let pair = |checkpoint: &Checkpoint| Some((feature(checkpoint, method)?, checkpoint.accuracy?));
    let pairs: Vec<(f64, f64)> = checkpoints.iter().filter_map(pair).collect();
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a count of checkpoints"
    )]
    let skipped = (method.skip * pairs.len() as f64).ceil() as usize;
    let kept = &pairs[skipped.min(pairs.len())..];
    let window = |index: usize| &kept[(index + 1).saturating_sub(method.window)..=index];
    let smoothed = |index| {
        let (features, accuracies): (Vec<f64>, Vec<f64>) = window(index).iter().copied().unzip();
        (mean(&features), mean(&accuracies))
    };
    (0..kept.len()).map(smoothed).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn checkpoints(count: u32) -> Vec<Checkpoint> {
        let checkpoint = |i: u32| Checkpoint {
            scale: Scale::new(1e8, f64::from(i + 1)),
            step: Some(f64::from(i)),
            loss: Some(f64::from(i)),
            accuracy: Some(f64::from(i) / 100.0),
            features: BTreeMap::new(),
        };
        (0..count).map(checkpoint).collect()
    }

    #[test]
    fn a_trail_loses_its_first_tenth_rounded_up_and_is_averaged_over_five_from_there() {
        let trail = trail(&checkpoints(11), &Method::default());
        // ⌈1.1⌉ = 2 are dropped; the window grows until it has five.
        let losses: Vec<f64> = trail.iter().map(|pair| pair.0).collect();
        assert_eq!(losses, [2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 7.0, 8.0]);
    }

    #[test]
    fn a_final_value_is_the_mean_of_the_last_five_that_there_are() {
        let mut list = checkpoints(8);
        list[6].loss = None;
        let loss = mean_of_last(&list, 5, |c| c.loss).unwrap();
        assert!((loss - (7.0 + 5.0 + 4.0 + 3.0 + 2.0) / 5.0).abs() < 1e-12);
        assert_eq!(mean_of_last(&list[..1], 5, |c| c.loss), Some(0.0));
        assert_eq!(mean_of_last(&[], 5, |c| c.loss), None);
    }
}
