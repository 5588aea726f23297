//! The curves that are fitted, each with its derivatives by its parameters.

pub(crate) mod compute_law;
pub(crate) mod log_sigmoid;
pub(crate) mod power_law;
pub(crate) mod sigmoid;
pub(crate) mod single_step;

pub(crate) use compute_law::ComputeLaw;
pub(crate) use log_sigmoid::LogSigmoid;
pub(crate) use power_law::PowerLaw;
pub(crate) use sigmoid::Sigmoid;
pub(crate) use single_step::SingleStep;

use super::optimise::Bounds;

/// A curve with `P` parameters.
pub(crate) trait Curve<const P: usize> {
    /// Where the curve is evaluated.
    type At: Copy + Send + Sync;
    /// What it is called in messages.
    const NAME: &'static str;
    /// What its parameters are called.
    const PARAMETERS: [&'static str; P];
    /// Where its parameters may go.
    const BOUNDS: Bounds<P>;
    /// The range of random starts of a fit.
    const STARTS: Bounds<P>;

    /// The value at `at`, and its derivatives by the parameters.
    fn evaluate(parameters: &[f64; P], at: Self::At) -> (f64, [f64; P]);

    /// The value at `at`.
    fn value(parameters: &[f64; P], at: Self::At) -> f64 {
        Self::evaluate(parameters, at).0
    }
}

/// No bound.
const FREE: f64 = f64::INFINITY;

/// The logistic function.
fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests {
    use super::super::scale::Scale;
    use super::*;

    /// Compares the derivatives with central differences.
    fn check<const P: usize, C: Curve<P>>(parameters: [f64; P], at: C::At) {
        let (_, gradient) = C::evaluate(&parameters, at);
        for i in 0..P {
            let h = 1e-6 * parameters[i].abs().max(1e-2);
            let moved = |by: f64| {
                let mut there = parameters;
                there[i] += by;
                C::value(&there, at)
            };
            let difference = (moved(h) - moved(-h)) / (2.0 * h);
            let error = (gradient[i] - difference).abs();
            assert!(
                error <= 1e-6 * difference.abs().max(1e-4),
                "{} by {}: {} against {difference}",
                C::NAME,
                C::PARAMETERS[i],
                gradient[i]
            );
        }
    }

    #[test]
    fn derivatives_agree_with_finite_differences() {
        for (parameters, tokens) in [(1.9e8, 4e9), (1.3e9, 2.6e11), (1.3e10, 5e12)] {
            let scale = Scale::new(parameters, tokens).log();
            check::<5, PowerLaw>([3.6, 4.6, 0.22, 0.23, 0.45], scale);
            check::<3, ComputeLaw>([3.0, 0.09, 0.4], scale);
            check::<7, SingleStep>([7.7, 6.8, 0.36, 0.25, -2.2, -0.72, 0.98], scale);
        }
        for loss in [0.4, 0.7, 1.3, 2.5] {
            check::<4, Sigmoid>([-0.74, 0.62, 4.8, 0.99], loss);
            check::<3, LogSigmoid>([-0.3, 0.9, 3.2], loss);
        }
    }

    #[test]
    fn extreme_arguments_give_finite_derivatives() {
        for loss in [-1e6, 0.0, 1e6] {
            let (value, gradient) = Sigmoid::evaluate(&[-0.7, 0.6, 5.0, 1.0], loss);
            assert!(value.is_finite() && gradient.iter().all(|g| g.is_finite()));
            let (value, gradient) = LogSigmoid::evaluate(&[-0.7, 0.6, 5.0], loss);
            assert!(value.is_finite() && gradient.iter().all(|g| g.is_finite()));
        }
    }
}
