//! What a fitted ladder says of larger runs, and how far off it was where that is known.

use serde::Serialize;

use super::bootstrap::{Band, TaskSamples};
use super::error::{LadderError, Result};
use super::fit::{LadderFit, TaskFit};
use super::points::Final;
use super::scale::Scale;
use super::statistics::mean;

/// What is predicted for one task of one target.
#[derive(Debug, Clone, Serialize)]
pub struct Prediction {
    /// The task.
    pub task: String,
    /// The run, or the scale where no run was made.
    pub target: String,
    /// Its size.
    pub scale: Scale,
    /// The feature that the first step predicts.
    pub feature: Option<f64>,
    /// Its band.
    pub feature_band: Option<Band>,
    /// The accuracy, from 0 to 1.
    pub accuracy: f64,
    /// Its band.
    pub accuracy_band: Option<Band>,
    /// What the run reached, where it was made.
    pub outcome: Option<Outcome>,
}

/// What a target reached, and how far off the prediction was.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Outcome {
    /// The feature reached.
    pub feature: Option<f64>,
    /// The accuracy reached.
    pub accuracy: f64,
    /// Predicted less reached accuracy, in points of a hundred.
    pub error_points: f64,
    /// The size of that as a share of the accuracy reached, in percent; not defined for zero.
    pub relative_error: Option<f64>,
    /// The accuracy that the second step gives for the feature reached.
    pub second_step: Option<f64>,
    /// The first step's error as a share of the feature reached, in percent.
    pub first_step_error: Option<f64>,
}

/// The mean errors over the tasks of one target.
#[derive(Debug, Clone, Serialize)]
pub struct AverageError {
    /// The target.
    pub target: String,
    /// The tasks that have an outcome.
    pub tasks: usize,
    /// Mean of |predicted − reached| in points.
    pub points: f64,
    /// Mean of that as a share of the accuracy reached, in percent.
    pub relative: f64,
    /// Mean of the first step's relative errors, in percent.
    pub first_step: Option<f64>,
}

/// Predicts every task for the targets in the data and for `scales`; `samples` are the tasks' bootstraps, if any.
pub fn predict(
    fits: &LadderFit,
    samples: Option<&[TaskSamples]>,
    scales: &[Scale],
) -> Result<Vec<Prediction>> {
    let mut predictions = Vec::new();
    for (index, fit) in fits.tasks.iter().enumerate() {
        let samples = samples.and_then(|all| all.get(index));
        for target in &fit.points.targets {
            predictions.push(of(fit, samples, &target.run, target.scale, Some(target)));
        }
        for scale in scales {
            let name = crate::chart::magnitude(scale.parameters);
            let name = format!("{name}-{}", crate::chart::magnitude(scale.tokens));
            predictions.push(of(fit, samples, &name, *scale, None));
        }
    }
    if predictions.is_empty() {
        return Err(LadderError::Nothing {
            what: "run or scale to predict",
            remedy: "mark runs with the role `eval` in the data, or name a scale as N,D",
        });
    }
    Ok(predictions)
}

fn of(
    fit: &TaskFit,
    samples: Option<&TaskSamples>,
    target: &str,
    scale: Scale,
    reached: Option<&Final>,
) -> Prediction {
    let predicted = fit.model.predict(&scale);
    let bands = samples.map(|samples| samples.bands(&scale));
    let (feature_band, accuracy_band) = bands.unwrap_or_default();
    let outcome = reached.and_then(|end| {
        let accuracy = end.accuracy?;
        let error = predicted.accuracy - accuracy;
        let first_step = predicted.feature.zip(end.feature);
        Some(Outcome {
            feature: end.feature,
            accuracy,
            error_points: 100.0 * error,
            relative_error: (accuracy > 0.0).then(|| 100.0 * error.abs() / accuracy),
            second_step: end
                .feature
                .and_then(|feature| fit.model.accuracy_at(feature)),
            first_step_error: first_step.map(|(said, was)| 100.0 * (said - was).abs() / was),
        })
    });
    Prediction {
        task: fit.points.task.clone(),
        target: target.to_owned(),
        scale,
        feature: predicted.feature,
        feature_band,
        accuracy: predicted.accuracy,
        accuracy_band,
        outcome,
    }
}

/// The average errors of every target that has outcomes, in the order of first mention.
pub fn average_errors(predictions: &[Prediction]) -> Vec<AverageError> {
    let mut targets: Vec<&str> = Vec::new();
    for prediction in predictions {
        if prediction.outcome.is_some() && !targets.contains(&prediction.target.as_str()) {
            targets.push(&prediction.target);
        }
    }
    let average = |target: &str| {
        let of_target = predictions.iter().filter(|one| one.target == target);
        let outcomes: Vec<Outcome> = of_target.filter_map(|one| one.outcome).collect();
        let collect = |value: fn(&Outcome) -> Option<f64>| -> Vec<f64> {
            outcomes.iter().filter_map(value).collect()
        };
        let first_step = collect(|outcome| outcome.first_step_error);
        AverageError {
            target: target.to_owned(),
            tasks: outcomes.len(),
            points: mean(&collect(|outcome| Some(outcome.error_points.abs()))),
            relative: mean(&collect(|outcome| outcome.relative_error)),
            first_step: (!first_step.is_empty()).then(|| mean(&first_step)),
        }
    };
    targets.into_iter().map(average).collect()
}
