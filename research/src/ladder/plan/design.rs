//! How sure a prediction is by the linearised fit, and how much surer further runs would make it.
//!
//! With J the derivatives of ln L̂ by the parameters at the runs and σ² the variance of the residuals of ln L, a
//! prediction's variance is σ² gᵀ(JᵀJ)⁻¹g, where g are the derivatives at the target. A further run adds a row to J,
//! whatever it will measure, so its worth is known before it is trained (c-optimal design; Pukelsheim, Optimal Design
//! of Experiments, 1993). Parameters that sit at a bound are held there.

use crate::ladder::curve::{ComputeLaw, Curve, PowerLaw, SingleStep};
use crate::ladder::fit::TaskFit;
use crate::ladder::model::{Model, ScalingCurve};
use crate::ladder::optimise::{Matrix, solve};
use crate::ladder::scale::Scale;

/// The most parameters of any curve; shorter ones are padded.
const MOST: usize = 7;

/// One task's linearised fit.
pub(super) struct TaskDesign {
    pub(super) task: String,
    model: Model,
    /// The parameters that no bound holds.
    free: [bool; MOST],
    /// `JᵀJ` of the ladder's runs.
    information: Matrix<MOST>,
    /// The derivatives at the target.
    target: [f64; MOST],
    /// σ².
    variance: f64,
    /// What a change of the logarithm by one would change in accuracy at the target, in points.
    points: f64,
}

impl TaskDesign {
    pub(super) fn of(fit: &TaskFit, target: &Scale) -> Self {
        let model = fit.model;
        let free = free(&model);
        let mut information = [[0.0; MOST]; MOST];
        let mut squares = 0.0;
        let mut count = 0.0;
        for end in &fit.points.finals {
            let measured = match model {
                Model::TwoStep { .. } => end.feature,
                Model::SingleStep(_) => end.accuracy,
            };
            let Some(measured) = measured.filter(|value| *value > 0.0) else {
                continue;
            };
            let (log, derivatives) = log_derivatives(&model, &end.scale);
            squares += (log - measured.ln()).powi(2);
            count += 1.0;
            add(&mut information, &derivatives);
        }
        let parameters = free.iter().filter(|free| **free).map(|_| 1.0).sum::<f64>();
        // An exact fit, or one with a point a parameter, leaves no residuals to judge by: then nothing is claimed.
        let variance = if count > parameters {
            squares / (count - parameters)
        } else {
            f64::NAN
        };
        Self {
            task: fit.points.task.clone(),
            model,
            free,
            information,
            target: log_derivatives(&model, target).1,
            variance,
            points: points(&model, target),
        }
    }

    /// The standard error of the accuracy at the target with further runs, in points; nothing if the runs do not
    /// determine the parameters.
    pub(super) fn deviation(&self, further: &[Scale]) -> Option<f64> {
        let mut information = self.information;
        for run in further {
            add(&mut information, &log_derivatives(&self.model, run).1);
        }
        // Parameters differ in size by orders of magnitude: scaled to a unit diagonal, the system is better posed.
        let size: [f64; MOST] =
            std::array::from_fn(|i| information[i][i].sqrt().max(f64::MIN_POSITIVE));
        let scaled = std::array::from_fn(|i| {
            std::array::from_fn(|j| information[i][j] / (size[i] * size[j]))
        });
        let target: [f64; MOST] = std::array::from_fn(|i| self.target[i] / size[i]);
        let solved = solve(&scaled, &target, &self.free)?;
        let quadratic: f64 = (0..MOST).map(|i| target[i] * solved[i]).sum();
        let deviation = self.points * (self.variance * quadratic).sqrt();
        deviation.is_finite().then_some(deviation)
    }
}

fn add(information: &mut Matrix<MOST>, derivatives: &[f64; MOST]) {
    for i in 0..MOST {
        for j in 0..MOST {
            information[i][j] += derivatives[i] * derivatives[j];
        }
    }
}

/// ln of the fitted curve at a scale, and its derivatives by the parameters.
fn log_derivatives(model: &Model, scale: &Scale) -> (f64, [f64; MOST]) {
    fn of<const P: usize>((value, gradient): (f64, [f64; P])) -> (f64, [f64; MOST]) {
        let derivatives = std::array::from_fn(|i| gradient.get(i).map_or(0.0, |g| g / value));
        (value.ln(), derivatives)
    }
    let at = scale.log();
    match model {
        Model::SingleStep(curve) => of(SingleStep::evaluate(curve, at)),
        Model::TwoStep { scaling, .. } => match scaling {
            ScalingCurve::Power(curve) => of(PowerLaw::evaluate(curve, at)),
            ScalingCurve::Compute(curve) => of(ComputeLaw::evaluate(curve, at)),
        },
    }
}

/// Which parameters no bound holds.
fn free(model: &Model) -> [bool; MOST] {
    fn of<const P: usize, C: Curve<P>>(curve: &[f64; P]) -> [bool; MOST] {
        let inside = |i: usize| curve[i] > C::BOUNDS.lower[i] && curve[i] < C::BOUNDS.upper[i];
        std::array::from_fn(|i| i < P && inside(i))
    }
    match model {
        Model::SingleStep(curve) => of::<7, SingleStep>(curve),
        Model::TwoStep { scaling, .. } => match scaling {
            ScalingCurve::Power(curve) => of::<5, PowerLaw>(curve),
            ScalingCurve::Compute(curve) => of::<3, ComputeLaw>(curve),
        },
    }
}

/// |d accuracy / d ln y| at the target in points, y being what the first step fits.
fn points(model: &Model, target: &Scale) -> f64 {
    let predicted = model.predict(target);
    match predicted.feature {
        None => 100.0 * predicted.accuracy,
        Some(feature) => {
            let step = 1e-5 * feature;
            let at = |feature: f64| model.accuracy_at(feature).unwrap_or(predicted.accuracy);
            let slope = (at(feature + step) - at(feature - step)) / (2.0 * step);
            100.0 * (slope * feature).abs()
        }
    }
}
