//! A fit from several starts, and how far they agree.

use serde::{Serialize, Serializer};

use super::objective::{OverPoints, Point};
use crate::ladder::curve::Curve;
use crate::ladder::error::{LadderError, Result};
use crate::ladder::optimise::{Ending, Minimum, PAPER, minimise};
use crate::ladder::random::Random;

/// Ends whose objective is within this share of the best have found the same optimum.
const SAME: f64 = 1e-6;

/// How sure one can be that a fit found its global optimum.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stability {
    /// Starts that were tried.
    pub starts: usize,
    /// Starts that ended at the best objective, to one in a million.
    pub agreeing: usize,
    /// The greatest difference of any parameter among those, as a share of the parameter (of 1, if it is smaller).
    pub spread: f64,
    /// The next better objective that a start ended at, as a multiple of the best.
    pub runner_up: Option<f64>,
}

/// How the fit of one curve went.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FitReport {
    /// The curve.
    pub curve: &'static str,
    /// Its parameters by name.
    #[serde(serialize_with = "by_name")]
    pub parameters: Vec<(&'static str, f64)>,
    /// The objective reached.
    pub objective: f64,
    /// The largest component of the projected gradient there.
    pub gradient: f64,
    /// Iterations of the best start.
    pub iterations: usize,
    /// Whether the gradient is as small as the authors' fits ask for, rather than as the arithmetic allows.
    pub converged: bool,
    /// Points that were fitted.
    pub points: usize,
    /// Mean of |ŷ − y| / y over the points.
    pub relative_error: f64,
    /// Whether other starts agree.
    pub stability: Stability,
}

/// Pairs as one JSON object.
fn by_name<S: Serializer>(
    pairs: &[(&'static str, f64)],
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().copied())
}

/// Where to start, and how often.
#[derive(Debug, Clone, Copy)]
pub(super) struct Starts<'a, const P: usize> {
    pub(super) first: [f64; P],
    pub(super) count: usize,
    pub(super) seed: u64,
    /// For messages.
    pub(super) task: &'a str,
}

/// Fits a curve to points from several starts; the best end counts.
pub(super) fn fit<'a, const P: usize, C, O>(
    points: &'a [Point<C::At>],
    starts: Starts<'_, P>,
) -> Result<([f64; P], FitReport)>
where
    C: Curve<P> + 'a,
    O: OverPoints<'a, P, C>,
{
    let objective = O::over(points);
    let start = |index: usize| {
        if index == 0 {
            return starts.first;
        }
        let mut random = Random::new(starts.seed, index as u64);
        std::array::from_fn(|i| random.between(C::STARTS.lower[i], C::STARTS.upper[i]))
    };
    let ends: Vec<Minimum<P>> = (0..starts.count)
        .map(|index| minimise(&objective, &start(index), &C::BOUNDS, PAPER))
        .filter(|end| end.value.is_finite())
        .collect();
    let best = ends.iter().min_by(|a, b| a.value.total_cmp(&b.value));
    let best = *best.ok_or_else(|| LadderError::NoFit {
        task: starts.task.to_owned(),
        curve: C::NAME,
        starts: starts.count,
    })?;
    let report = FitReport {
        curve: C::NAME,
        parameters: C::PARAMETERS.into_iter().zip(best.x).collect(),
        objective: best.value,
        gradient: best.gradient,
        iterations: best.iterations,
        converged: best.ending == Ending::Converged,
        points: points.len(),
        relative_error: relative_error::<P, C>(points, &best.x),
        stability: stability(&ends, &best, starts.count),
    };
    Ok((best.x, report))
}

fn stability<const P: usize>(ends: &[Minimum<P>], best: &Minimum<P>, starts: usize) -> Stability {
    // An objective of zero is reached to rounding only.
    let limit = best.value * (1.0 + SAME) + 1e-15;
    let (agreeing, others): (Vec<&Minimum<P>>, Vec<&Minimum<P>>) =
        ends.iter().partition(|end| end.value <= limit);
    let difference = |end: &&Minimum<P>| {
        let of = |i: usize| (end.x[i] - best.x[i]).abs() / best.x[i].abs().max(1.0);
        (0..P).map(of).fold(0.0, f64::max)
    };
    let values = others.iter().map(|end| end.value);
    let next = values.fold(f64::INFINITY, f64::min);
    Stability {
        starts,
        agreeing: agreeing.len(),
        spread: agreeing.iter().map(difference).fold(0.0, f64::max),
        runner_up: next.is_finite().then(|| next / best.value.max(1e-15)),
    }
}

fn relative_error<const P: usize, C: Curve<P>>(points: &[Point<C::At>], x: &[f64; P]) -> f64 {
    let errors = points.iter().filter(|point| point.value > 0.0);
    let errors = errors.map(|point| (C::value(x, point.at) - point.value).abs() / point.value);
    let (sum, count) = errors.fold((0.0, 0.0), |(sum, count), error| (sum + error, count + 1.0));
    sum / f64::max(count, 1.0)
}
