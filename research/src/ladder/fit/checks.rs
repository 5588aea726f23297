//! Whether points can determine a curve, before a fit pretends that they do.

use super::objective::Point;
use crate::ladder::curve::{ComputeLaw, Curve, PowerLaw, Sigmoid, SingleStep};
use crate::ladder::error::{LadderError, Result};
use crate::ladder::method::Form;
use crate::ladder::scale::LogScale;

/// Checks the points of the first step, or of the only one.
pub(super) fn scaling(task: &str, form: Form, points: &[Point<LogScale>]) -> Result<()> {
    let (curve, need) = match form {
        Form::TwoStep => (PowerLaw::NAME, 5),
        Form::Compute => (ComputeLaw::NAME, 3),
        Form::SingleStep => (SingleStep::NAME, 7),
    };
    enough(task, "runs", points.len(), need, curve)?;
    let constant = |what| LadderError::Constant {
        task: task.to_owned(),
        what,
        curve,
    };
    if form == Form::Compute {
        if is_constant(points.iter().map(|point| point.at.flops)) {
            return Err(constant("the training compute"));
        }
    } else if is_constant(points.iter().map(|point| point.at.parameters)) {
        return Err(constant("the model size"));
    } else if is_constant(points.iter().map(|point| point.at.tokens)) {
        return Err(constant("the number of training tokens"));
    }
    if is_constant(points.iter().map(|point| point.value)) {
        let is_single = form == Form::SingleStep;
        return Err(constant(if is_single {
            "the accuracy"
        } else {
            "the feature"
        }));
    }
    Ok(())
}

/// Checks the points of the second step, the ideal point not among them.
pub(super) fn link(task: &str, points: &[Point<f64>], need: usize) -> Result<()> {
    let curve = Sigmoid::NAME;
    enough(task, "checkpoints", points.len(), need, curve)?;
    let constant = |what| LadderError::Constant {
        task: task.to_owned(),
        what,
        curve,
    };
    if is_constant(points.iter().map(|point| point.value)) {
        return Err(constant("the accuracy"));
    }
    if is_constant(points.iter().map(|point| point.at)) {
        return Err(constant("the feature"));
    }
    Ok(())
}

fn enough(
    task: &str,
    points: &'static str,
    have: usize,
    need: usize,
    curve: &'static str,
) -> Result<()> {
    if have >= need {
        return Ok(());
    }
    Err(LadderError::TooFewPoints {
        task: task.to_owned(),
        points,
        have,
        need,
        curve,
    })
}

fn is_constant(mut values: impl Iterator<Item = f64>) -> bool {
    values.next().is_none_or(|first| {
        values.all(|value| (value - first).abs() <= 1e-12 * first.abs().max(1e-12))
    })
}
