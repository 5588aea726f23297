//! Learning rates over the steps of a run.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// How the learning rate goes from its peak to its end, after the warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Shape {
    /// It stays.
    Constant,
    /// A straight line to the floor.
    Linear,
    /// Half a cosine to the floor (Loshchilov and Hutter, arXiv 1608.03983).
    Cosine,
    /// It stays, and then goes in a straight line to the floor over the last part of the run (warm-up, stable, decay; Hu et al.,
    /// arXiv 2404.06395).
    WarmupStableDecay {
        /// The share of all steps that the decay takes.
        decay: f64,
    },
}

/// The learning rate of every step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    /// The largest learning rate.
    pub peak: f64,
    /// The smallest after the warm-up, as a share of the peak.
    pub floor: f64,
    /// Steps in which it rises in a straight line to the peak; the first of them is not zero.
    pub warmup: u64,
    /// Steps of the run.
    pub steps: u64,
    /// How it falls.
    pub shape: Shape,
}

impl Schedule {
    /// A constant learning rate.
    pub fn constant(peak: f64) -> Self {
        Self {
            peak,
            floor: 1.0,
            warmup: 0,
            steps: u64::MAX,
            shape: Shape::Constant,
        }
    }

    /// Checks that every step has a sensible rate.
    pub fn check(&self) -> Result<()> {
        let share = |value: f64| (0.0..=1.0).contains(&value);
        if !(self.peak.is_finite() && self.peak > 0.0) {
            return Err(Error::config("learning_rate", "must be a positive number"));
        }
        if !share(self.floor) {
            return Err(Error::config(
                "floor",
                "is a share of the peak, from 0 to 1",
            ));
        }
        if self.warmup > self.steps {
            return Err(Error::config(
                "warmup",
                format!("has {} steps, but the run has {}", self.warmup, self.steps),
            ));
        }
        match self.shape {
            Shape::WarmupStableDecay { decay } if !share(decay) => {
                Err(Error::config("decay", "is a share of the run, from 0 to 1"))
            }
            _ => Ok(()),
        }
    }

    /// The learning rate of a step, counted from 0; past the end it is the last one's.
    pub fn at(&self, step: u64) -> f64 {
        if step < self.warmup {
            return self.peak * ratio(step + 1, self.warmup);
        }
        // 0 right after the warm-up, 1 at the end.
        let progress = ratio(step - self.warmup, self.steps.saturating_sub(self.warmup)).min(1.0);
        let fall = match self.shape {
            Shape::Constant => 0.0,
            Shape::Linear => progress,
            Shape::Cosine => 0.5 * (1.0 - (std::f64::consts::PI * progress).cos()),
            Shape::WarmupStableDecay { decay } => {
                let left = 1.0 - ratio(step, self.steps).min(1.0);
                if left >= decay {
                    0.0
                } else {
                    1.0 - left / decay
                }
            }
        };
        self.peak * (1.0 - (1.0 - self.floor) * fall)
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "runs have far fewer than 2^52 steps, or no end"
)]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(shape: Shape) -> Schedule {
        Schedule {
            peak: 2.0,
            floor: 0.1,
            warmup: 4,
            steps: 24,
            shape,
        }
    }

    fn close(found: f64, expected: f64) {
        assert!(
            (found - expected).abs() < 1e-12,
            "{found} and not {expected}"
        );
    }

    #[test]
    fn warm_up_rises_to_the_peak_and_never_is_zero() {
        let schedule = schedule(Shape::Cosine);
        close(schedule.at(0), 0.5);
        close(schedule.at(3), 2.0);
        close(schedule.at(4), 2.0);
    }

    #[test]
    fn every_shape_is_half_way_where_it_should_be_and_ends_at_the_floor() {
        for shape in [Shape::Linear, Shape::Cosine] {
            close(schedule(shape).at(14), 1.1);
            close(schedule(shape).at(24), 0.2);
            close(schedule(shape).at(1000), 0.2);
        }
        let stable = schedule(Shape::WarmupStableDecay { decay: 0.25 });
        close(stable.at(18), 2.0);
        close(stable.at(21), 1.1);
        close(stable.at(24), 0.2);
        close(schedule(Shape::Constant).at(23), 2.0);
    }

    #[test]
    fn absurd_settings_are_refused() {
        let good = schedule(Shape::Linear);
        assert!(good.check().is_ok());
        for bad in [
            Schedule {
                peak: f64::NAN,
                ..good
            },
            Schedule { peak: 0.0, ..good },
            Schedule { floor: 1.5, ..good },
            Schedule { warmup: 25, ..good },
            schedule(Shape::WarmupStableDecay { decay: -0.1 }),
        ] {
            assert!(bad.check().is_err(), "{bad:?}");
        }
    }
}
