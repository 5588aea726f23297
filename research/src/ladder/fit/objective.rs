//! What a fit makes small.

use std::marker::PhantomData;

use crate::ladder::curve::Curve;
use crate::ladder::optimise::Objective;

/// Residuals of logarithms up to this count by their square, greater ones by their size (2412.04403, step 1).
const HUBER_DELTA: f64 = 1e-3;

/// A point that a curve has to pass near.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Point<A> {
    pub(crate) at: A,
    /// What was measured there.
    pub(crate) value: f64,
    /// How often the point counts.
    pub(crate) weight: f64,
}

/// Σ w · Huber(ln ŷ − ln y).
#[derive(Debug)]
pub(crate) struct LogHuber<'a, const P: usize, C: Curve<P>> {
    points: &'a [Point<C::At>],
    curve: PhantomData<C>,
}

/// Σ w · (ŷ − y)².
#[derive(Debug)]
pub(crate) struct LeastSquares<'a, const P: usize, C: Curve<P>> {
    points: &'a [Point<C::At>],
    curve: PhantomData<C>,
}

/// An objective made of the points of a curve.
pub(crate) trait OverPoints<'a, const P: usize, C: Curve<P> + 'a>: Objective<P> {
    fn over(points: &'a [Point<C::At>]) -> Self;
}

impl<'a, const P: usize, C: Curve<P> + 'a> OverPoints<'a, P, C> for LogHuber<'a, P, C> {
    fn over(points: &'a [Point<C::At>]) -> Self {
        Self {
            points,
            curve: PhantomData,
        }
    }
}

impl<'a, const P: usize, C: Curve<P> + 'a> OverPoints<'a, P, C> for LeastSquares<'a, P, C> {
    fn over(points: &'a [Point<C::At>]) -> Self {
        Self {
            points,
            curve: PhantomData,
        }
    }
}

impl<const P: usize, C: Curve<P>> Objective<P> for LogHuber<'_, P, C> {
    fn evaluate(&self, parameters: &[f64; P]) -> (f64, [f64; P]) {
        sum::<P, C>(self.points, parameters, |predicted, measured| {
            if predicted <= 0.0 {
                return (f64::INFINITY, 0.0);
            }
            let residual = (predicted / measured).ln();
            let cut = residual.clamp(-HUBER_DELTA, HUBER_DELTA);
            // Both branches of the Huber loss in one: ½r² within δ, δ(|r| − ½δ) beyond.
            (cut * (residual - 0.5 * cut), cut / predicted)
        })
    }
}

impl<const P: usize, C: Curve<P>> Objective<P> for LeastSquares<'_, P, C> {
    fn evaluate(&self, parameters: &[f64; P]) -> (f64, [f64; P]) {
        sum::<P, C>(self.points, parameters, |predicted, measured| {
            let residual = predicted - measured;
            (residual * residual, 2.0 * residual)
        })
    }
}

/// Adds up a loss and its gradient over the points; `loss` gives the loss and its derivative by the prediction.
fn sum<const P: usize, C: Curve<P>>(
    points: &[Point<C::At>],
    parameters: &[f64; P],
    loss: impl Fn(f64, f64) -> (f64, f64),
) -> (f64, [f64; P]) {
    let mut total = 0.0;
    let mut gradient = [0.0; P];
    for point in points {
        let (predicted, derivatives) = C::evaluate(parameters, point.at);
        let (value, slope) = loss(predicted, point.value);
        total += point.weight * value;
        for i in 0..P {
            gradient[i] += point.weight * slope * derivatives[i];
        }
    }
    (total, gradient)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ladder::curve::{PowerLaw, Sigmoid, SingleStep};
    use crate::ladder::scale::{LogScale, Scale};

    fn check<const P: usize>(objective: &impl Objective<P>, at: [f64; P]) {
        let (_, gradient) = objective.evaluate(&at);
        for i in 0..P {
            let h = 1e-6 * at[i].abs().max(0.01);
            let moved = |by: f64| {
                let mut there = at;
                there[i] += by;
                objective.evaluate(&there).0
            };
            let difference = (moved(h) - moved(-h)) / (2.0 * h);
            let scale = gradient.iter().fold(0.0_f64, |most, g| most.max(g.abs()));
            let error = (gradient[i] - difference).abs();
            assert!(error < 1e-5 * scale, "{i}: {} {difference}", gradient[i]);
        }
    }

    /// Points on both sides of the curve, some within the Huber loss's δ and most beyond it.
    fn points<const P: usize, C: Curve<P, At = LogScale>>(
        parameters: [f64; P],
    ) -> Vec<Point<LogScale>> {
        let factors = [1.0005, 0.9996, 1.01, 0.98, 1.3, 0.7];
        let point = |(i, factor): (i32, &f64)| {
            let at = Scale::new(2e8 * 2_f64.powi(i), 4e9 * 3_f64.powi(5 - i)).log();
            let value = factor * C::value(&parameters, at);
            Point {
                at,
                value,
                weight: f64::from(i % 3 + 1),
            }
        };
        (0..).zip(&factors).map(point).collect()
    }

    #[test]
    fn gradients_agree_with_finite_differences() {
        let law = [3.6, 4.6, 0.22, 0.23, 0.45];
        let list = points::<5, PowerLaw>(law);
        check(&LogHuber::<5, PowerLaw>::over(&list), law);
        let single = [7.7, 6.8, 0.36, 0.25, -2.2, -0.72, 0.98];
        let list = points::<7, SingleStep>(single);
        check(&LogHuber::<7, SingleStep>::over(&list), single);
        let pairs = [(0.5, 0.9, 1.0), (0.8, 0.5, 2.0), (1.4, 0.2, 1.0)];
        let list: Vec<_> = pairs
            .iter()
            .map(|&(at, value, weight)| Point { at, value, weight })
            .collect();
        check(
            &LeastSquares::<4, Sigmoid>::over(&list),
            [-0.7, 0.6, 5.0, 0.9],
        );
    }

    #[test]
    fn the_huber_loss_is_continuous_where_its_branches_meet() {
        let at = Scale::new(1e9, 1e10).log();
        let law = [0.0, 0.0, 1.0, 1.0, 1.0];
        let value = |log: f64| {
            let point = Point {
                at,
                value: (-log).exp(),
                weight: 1.0,
            };
            LogHuber::<5, PowerLaw>::over(&[point]).evaluate(&law).0
        };
        assert!((value(HUBER_DELTA) - 0.5e-6).abs() < 1e-11);
        assert!((value(2.0 * HUBER_DELTA) - 1.5e-6).abs() < 1e-11);
    }
}
