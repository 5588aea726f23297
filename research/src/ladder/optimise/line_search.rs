//! A step along a direction that meets the strong Wolfe conditions (Nocedal and Wright, Numerical Optimization,
//! algorithms 3.5 and 3.6), or that ends at a bound.

use super::Objective;

/// How much of the promised decrease a step must bring.
const DECREASE: f64 = 1e-4;
/// How much of the slope may be left.
const CURVATURE: f64 = 0.9;
/// Trials before a search is given up.
const TRIALS: usize = 40;

/// A point on the line with what is known there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trial<const P: usize> {
    pub(super) step: f64,
    pub(super) x: [f64; P],
    pub(super) value: f64,
    pub(super) gradient: [f64; P],
    slope: f64,
}

/// The line through `start` along `direction`.
pub(super) struct Line<'a, const P: usize, O> {
    pub(super) objective: &'a O,
    pub(super) start: &'a [f64; P],
    pub(super) value: f64,
    pub(super) slope: f64,
    pub(super) direction: &'a [f64; P],
}

impl<const P: usize, O: Objective<P>> Line<'_, P, O> {
    fn at(&self, step: f64) -> Trial<P> {
        let x = std::array::from_fn(|i| self.start[i] + step * self.direction[i]);
        let (value, gradient) = self.objective.evaluate(&x);
        let slope: f64 = (0..P).map(|i| gradient[i] * self.direction[i]).sum();
        let sound = value.is_finite() && slope.is_finite();
        Trial {
            step,
            x,
            value: if sound { value } else { f64::INFINITY },
            gradient,
            slope,
        }
    }

    /// Whether a step lowers the value enough. Near a minimum the value no longer tells, for it changes by less than
    /// its rounding; the slope then does (Hager and Zhang, SIAM J. Optim. 16, 2005, the approximate condition).
    fn decreases(&self, trial: &Trial<P>) -> bool {
        let by_value = trial.value <= self.value + DECREASE * trial.step * self.slope;
        let by_slope = trial.slope <= (2.0 * DECREASE - 1.0) * self.slope;
        by_value || (by_slope && trial.value <= self.value + self.noise())
    }

    /// By how much rounding may change a value.
    fn noise(&self) -> f64 {
        4.0 * f64::EPSILON * self.value.abs()
    }

    fn is_flat(&self, trial: &Trial<P>) -> bool {
        trial.slope.abs() <= -CURVATURE * self.slope
    }

    /// A good step of at most `longest`, `first` being tried first; nothing if none lowers the value.
    pub(super) fn search(&self, first: f64, longest: f64) -> Option<Trial<P>> {
        let mut low = Trial {
            step: 0.0,
            x: *self.start,
            value: self.value,
            gradient: [0.0; P],
            slope: self.slope,
        };
        let mut step = first.min(longest);
        for _ in 0..TRIALS {
            let trial = self.at(step);
            if !self.decreases(&trial) || (low.step > 0.0 && trial.value > low.value + self.noise())
            {
                return self.zoom(low, trial);
            }
            if self.is_flat(&trial) || step >= longest {
                return Some(trial);
            }
            if trial.slope >= 0.0 {
                return self.zoom(trial, low);
            }
            low = trial;
            step = (2.5 * step).min(longest);
        }
        (low.step > 0.0).then_some(low)
    }

    /// Narrows an interval that holds a good step; `low` is its end of the smaller value.
    fn zoom(&self, mut low: Trial<P>, mut high: Trial<P>) -> Option<Trial<P>> {
        for _ in 0..TRIALS {
            let trial = self.at(between(&low, &high));
            if !self.decreases(&trial) || trial.value > low.value + self.noise() {
                high = trial;
            } else {
                if self.is_flat(&trial) {
                    return Some(trial);
                }
                if trial.slope * (high.step - low.step) >= 0.0 {
                    high = low;
                }
                low = trial;
            }
        }
        (low.step > 0.0 && low.value < self.value).then_some(low)
    }
}

/// Where the line's minimum is likely to be, kept off the interval's ends: where the slope would vanish if it were
/// linear, for slopes stay exact where values drown in rounding; else the least point of the parabola through both
/// values and the slope at `low`.
fn between<const P: usize>(low: &Trial<P>, high: &Trial<P>) -> f64 {
    let width = high.step - low.step;
    let part = if low.slope * high.slope < 0.0 && high.value.is_finite() {
        low.slope / (low.slope - high.slope)
    } else {
        -low.slope * width / (2.0 * (high.value - low.value - low.slope * width))
    };
    let part = if part.is_finite() { part } else { 0.5 };
    low.step + width * part.clamp(0.05, 0.95)
}
