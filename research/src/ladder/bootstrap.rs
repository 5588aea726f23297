//! How sure a prediction is: refitting to resampled runs.
//!
//! Checkpoints of one run are anything but independent, so whole runs are drawn, with replacement, and both steps are
//! refitted to the same draw. Bands show what other runs of the same ladder would have predicted. They cannot show
//! that the curves are wrong for a task.

use std::collections::BTreeSet;

use rayon::prelude::*;
use serde::Serialize;

use super::error::{LadderError, Result};
use super::fit::{LadderFit, TaskFit, refit};
use super::method::Form;
use super::model::Model;
use super::random::Random;
use super::scale::Scale;
use super::statistics::quantile;

/// An interval that holds a share of the samples.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Band {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// The refitted models of one task.
#[derive(Debug, Clone)]
pub struct TaskSamples {
    /// The models, one a sample.
    pub models: Vec<Model>,
    /// Samples that no fit was found for.
    pub failed: usize,
    level: f64,
}

/// How to resample.
#[derive(Debug, Clone, Copy)]
pub struct Resampling {
    /// Samples a task.
    pub samples: usize,
    /// The share of samples within a band.
    pub level: f64,
}

impl Resampling {
    fn check(&self) -> Result<()> {
        let wrong = |name, value: String, rule| Err(LadderError::Setting { name, value, rule });
        if !(10..=100_000).contains(&self.samples) {
            let rule = "it must be from 10 to 100000 for bands to mean something";
            return wrong("the number of samples", self.samples.to_string(), rule);
        }
        if !(self.level > 0.0 && self.level < 1.0) {
            let rule = "it is a share between 0 and 1";
            return wrong("the level", self.level.to_string(), rule);
        }
        Ok(())
    }
}

/// Resamples every task of a fit; `tick` is called after each sample.
///
/// Sample number i is the same whatever the number of threads.
pub fn bootstrap(
    fits: &LadderFit,
    resampling: Resampling,
    tick: &(dyn Fn() + Sync),
) -> Result<Vec<TaskSamples>> {
    resampling.check()?;
    let each = fits.tasks.iter().map(|fit| {
        let samples = (0..resampling.samples).into_par_iter().map(|index| {
            let mut random = Random::new(fits.method.seed, index as u64 + 1);
            let model = draw(fit, fits.method.form, &mut random)
                .and_then(|weights| refit(&fit.points, &fits.method, &weights, &fit.model));
            tick();
            model
        });
        let models: Vec<Model> = samples.flatten_iter().collect();
        TaskSamples {
            failed: resampling.samples - models.len(),
            models,
            level: resampling.level,
        }
    });
    Ok(each.collect())
}

/// How often a draw that cannot determine the curve is replaced by another.
const REDRAWS: usize = 100;

/// How often each run counts in one sample. Draws with fewer different runs than parameters, or of a single size or
/// a single number of tokens, say nothing and are replaced.
fn draw(fit: &TaskFit, form: Form, random: &mut Random) -> Option<Vec<f64>> {
    let finals = &fit.points.finals;
    let parameters = match form {
        Form::TwoStep => 5,
        Form::Compute => 3,
        Form::SingleStep => 7,
    };
    for _ in 0..REDRAWS {
        let mut weights = vec![0.0; finals.len()];
        for _ in 0..finals.len() {
            weights[random.below(finals.len())] += 1.0;
        }
        let drawn = || {
            finals
                .iter()
                .zip(&weights)
                .filter(|(_, weight)| **weight > 0.0)
        };
        let different = |value: fn(&Scale) -> f64| {
            let values = drawn().map(|(end, _)| value(&end.scale).to_bits());
            values.collect::<BTreeSet<_>>().len()
        };
        let says_something = drawn().count() >= parameters
            && different(|scale| scale.parameters) >= 2
            && different(|scale| scale.tokens) >= 2;
        if says_something {
            return Some(weights);
        }
    }
    None
}

impl TaskSamples {
    /// The bands of feature and accuracy at a scale; nothing if no sample could be fitted.
    pub fn bands(&self, scale: &Scale) -> (Option<Band>, Option<Band>) {
        let predicted = || self.models.iter().map(|model| model.predict(scale));
        let features = predicted().filter_map(|predicted| predicted.feature);
        let accuracies = predicted().map(|predicted| predicted.accuracy);
        (self.band(features), self.band(accuracies))
    }

    /// The band of accuracy at a feature, by the second step alone.
    pub fn band_at(&self, feature: f64) -> Option<Band> {
        let accuracies = self
            .models
            .iter()
            .filter_map(|model| model.accuracy_at(feature));
        self.band(accuracies)
    }

    fn band(&self, values: impl Iterator<Item = f64>) -> Option<Band> {
        let mut values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        let outside = 0.5 * (1.0 - self.level);
        (!values.is_empty()).then(|| Band {
            low: quantile(&values, outside),
            high: quantile(&values, 1.0 - outside),
        })
    }
}
