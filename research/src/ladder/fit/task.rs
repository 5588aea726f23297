//! The fit of one task in one step or two.

use super::multistart::{self, Starts};
use super::objective::{LeastSquares, LogHuber, OverPoints, Point};
use super::{FitReport, TaskFit, checks};
use crate::ladder::curve::{
    ComputeLaw, Curve, LogSigmoid, PowerLaw, Sigmoid, SingleStep, compute_law, log_sigmoid,
    power_law, sigmoid, single_step,
};
use crate::ladder::error::Result;
use crate::ladder::method::{Form, Link, Method};
use crate::ladder::model::{LinkCurve, Model, ScalingCurve};
use crate::ladder::optimise::{Stop, minimise};
use crate::ladder::points::TaskPoints;
use crate::ladder::scale::LogScale;

/// Fits one task.
pub(super) fn fit(points: TaskPoints, method: &Method) -> Result<TaskFit> {
    let once = vec![1.0; points.finals.len()];
    let task = points.task.as_str();
    let chance = method.chance(task);
    let scaling = scaling_points(&points, method, &once);
    checks::scaling(task, method.form, &scaling)?;
    if method.form == Form::SingleStep {
        let first = starts(single_step::start(chance), method, task);
        let (curve, report) =
            multistart::fit::<7, SingleStep, LogHuber<7, SingleStep>>(&scaling, first)?;
        return Ok(TaskFit {
            model: Model::SingleStep(curve),
            steps: vec![report],
            points,
        });
    }
    let (scaling, first_step) = fit_scaling(&scaling, method, task)?;
    let mut pairs = link_points(&points, &once);
    checks::link(
        task,
        &pairs,
        if method.link == Link::Sigmoid { 4 } else { 3 },
    )?;
    pairs.extend(ideal_point(method));
    let (link, second_step) = fit_link(&pairs, method, task)?;
    Ok(TaskFit {
        model: Model::TwoStep { scaling, link },
        steps: vec![first_step, second_step],
        points,
    })
}

fn fit_scaling(
    points: &[Point<LogScale>],
    method: &Method,
    task: &str,
) -> Result<(ScalingCurve, FitReport)> {
    Ok(if method.form == Form::Compute {
        let first = starts(compute_law::START, method, task);
        let (curve, report) =
            multistart::fit::<3, ComputeLaw, LogHuber<3, ComputeLaw>>(points, first)?;
        (ScalingCurve::Compute(curve), report)
    } else {
        let first = starts(power_law::START, method, task);
        let (curve, report) = multistart::fit::<5, PowerLaw, LogHuber<5, PowerLaw>>(points, first)?;
        (ScalingCurve::Power(curve), report)
    })
}

fn fit_link(points: &[Point<f64>], method: &Method, task: &str) -> Result<(LinkCurve, FitReport)> {
    Ok(match method.link {
        Link::Sigmoid => {
            let first = starts(sigmoid::start(method.chance(task)), method, task);
            let (curve, report) =
                multistart::fit::<4, Sigmoid, LeastSquares<4, Sigmoid>>(points, first)?;
            (LinkCurve::Sigmoid(curve), report)
        }
        Link::LogSigmoid => {
            let first = starts(log_sigmoid::START, method, task);
            let (curve, report) =
                multistart::fit::<3, LogSigmoid, LeastSquares<3, LogSigmoid>>(points, first)?;
            (LinkCurve::LogSigmoid(curve), report)
        }
    })
}

fn starts<'a, const P: usize>(first: [f64; P], method: &Method, task: &'a str) -> Starts<'a, P> {
    Starts {
        first,
        count: method.starts,
        seed: method.seed,
        task,
    }
}

/// Fits again with every run counting as often as `weights` says, from where `model` is: for samples of a bootstrap.
/// Nothing if no finite minimum is found.
pub(crate) fn refit(
    points: &TaskPoints,
    method: &Method,
    weights: &[f64],
    model: &Model,
) -> Option<Model> {
    let scaling = scaling_points(points, method, weights);
    Some(match model {
        Model::SingleStep(curve) => {
            Model::SingleStep(again::<7, SingleStep, LogHuber<7, SingleStep>>(
                &scaling, curve,
            )?)
        }
        Model::TwoStep { scaling: old, link } => {
            let new = match old {
                ScalingCurve::Power(curve) => {
                    ScalingCurve::Power(again::<5, PowerLaw, LogHuber<5, PowerLaw>>(
                        &scaling, curve,
                    )?)
                }
                ScalingCurve::Compute(curve) => {
                    ScalingCurve::Compute(again::<3, ComputeLaw, LogHuber<3, ComputeLaw>>(
                        &scaling, curve,
                    )?)
                }
            };
            let mut pairs = link_points(points, weights);
            pairs.extend(ideal_point(method));
            let link = match link {
                LinkCurve::Sigmoid(curve) => {
                    LinkCurve::Sigmoid(again::<4, Sigmoid, LeastSquares<4, Sigmoid>>(
                        &pairs, curve,
                    )?)
                }
                LinkCurve::LogSigmoid(curve) => {
                    LinkCurve::LogSigmoid(again::<3, LogSigmoid, LeastSquares<3, LogSigmoid>>(
                        &pairs, curve,
                    )?)
                }
            };
            Model::TwoStep { scaling: new, link }
        }
    })
}

/// A sample's optimum needs to be known far better than samples differ, not to the last digit.
const SAMPLE: Stop = Stop {
    gradient: 1e-8,
    iterations: 2_000,
};

fn again<'a, const P: usize, C, O>(points: &'a [Point<C::At>], from: &[f64; P]) -> Option<[f64; P]>
where
    C: Curve<P> + 'a,
    O: OverPoints<'a, P, C>,
{
    let end = minimise(&O::over(points), from, &C::BOUNDS, SAMPLE);
    end.value.is_finite().then_some(end.x)
}

/// The ends of the runs as points of the first step; runs of weight zero, and those without the value, are left out.
fn scaling_points(points: &TaskPoints, method: &Method, weights: &[f64]) -> Vec<Point<LogScale>> {
    let ends = points.finals.iter().zip(weights);
    let ends = ends.filter(|(_, weight)| **weight > 0.0);
    ends.filter_map(|(end, &weight)| {
        let is_single = method.form == Form::SingleStep;
        let value = if is_single { end.accuracy } else { end.feature };
        Some(Point {
            at: end.scale.log(),
            // The logarithm of an accuracy of zero would have infinite weight.
            value: value.filter(|value| *value > 0.0)?,
            weight,
        })
    })
    .collect()
}

/// The smoothed checkpoints as points of the second step.
fn link_points(points: &TaskPoints, weights: &[f64]) -> Vec<Point<f64>> {
    let trails = points.trails.iter().zip(weights);
    let trails = trails.filter(|(_, weight)| **weight > 0.0);
    trails
        .flat_map(|(trail, &weight)| {
            let point = move |&(at, value): &(f64, f64)| Point { at, value, weight };
            trail.iter().map(point)
        })
        .collect()
}

/// Loss zero means that every answer is right.
fn ideal_point(method: &Method) -> Option<Point<f64>> {
    method.ideal_point.then_some(Point {
        at: 0.0,
        value: 1.0,
        weight: 1.0,
    })
}
