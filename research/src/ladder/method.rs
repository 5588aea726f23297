//! How a ladder is fitted: the form of the curves, and how checkpoints become points.

use std::collections::BTreeMap;

use serde::Serialize;

use super::error::{LadderError, Result};

/// The way from a run's size to its accuracy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// Two steps: loss by size and tokens, accuracy by loss.
    #[default]
    TwoStep,
    /// Two steps: loss by compute, accuracy by loss.
    Compute,
    /// Accuracy by size and tokens in one step.
    SingleStep,
}

/// The second step's curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// A sigmoid, for task losses and losses of language.
    #[default]
    Sigmoid,
    /// A log-sigmoid, for task cross-entropy.
    LogSigmoid,
}

/// The settings of a fit. The defaults are the paper's.
#[derive(Debug, Clone, Serialize)]
pub struct Method {
    /// The form.
    pub form: Form,
    /// The second step's curve.
    pub link: Link,
    /// The feature between the steps; the task's own loss if none is named.
    pub feature: Option<String>,
    /// A run's final value is the mean over so many last checkpoints.
    pub last: usize,
    /// The share of a run's first checkpoints that the second step leaves out.
    pub skip: f64,
    /// The second step sees moving averages over so many checkpoints.
    pub window: usize,
    /// Whether the second step also has to pass near accuracy 1 at loss 0.
    pub ideal_point: bool,
    /// Fits start here and at so many random places less one; the best end counts.
    pub starts: usize,
    /// Names the random places and the bootstrap's samples.
    pub seed: u64,
    /// The accuracy of guessing, where it is not that of [`chance`].
    pub chance: BTreeMap<String, f64>,
}

impl Default for Method {
    fn default() -> Self {
        Self {
            form: Form::TwoStep,
            link: Link::Sigmoid,
            feature: None,
            last: 5,
            skip: 0.1,
            window: 5,
            ideal_point: true,
            starts: 10,
            seed: 0,
            chance: BTreeMap::new(),
        }
    }
}

impl Method {
    /// The paper's settings for task cross-entropy as the feature `feature`.
    pub fn cross_entropy(feature: &str) -> Self {
        Self {
            link: Link::LogSigmoid,
            feature: Some(feature.to_owned()),
            skip: 0.5,
            window: 1,
            ideal_point: false,
            ..Self::default()
        }
    }

    /// Whether the settings make sense.
    pub fn check(&self) -> Result<()> {
        let wrong = |name, value: &dyn std::fmt::Display, rule| {
            Err(LadderError::Setting {
                name,
                value: value.to_string(),
                rule,
            })
        };
        if !(0.0..1.0).contains(&self.skip) {
            return wrong("skip", &self.skip, "it is a share from 0 to below 1");
        }
        if self.last == 0 || self.window == 0 {
            return wrong("a number of checkpoints", &0, "it must be at least 1");
        }
        if !(1..=1000).contains(&self.starts) {
            return wrong("starts", &self.starts, "it must be from 1 to 1000");
        }
        let mut chances = self.chance.iter();
        if let Some((_, chance)) = chances.find(|(_, chance)| !(0.0..1.0).contains(*chance)) {
            return wrong("a chance", chance, "it is a share from 0 to below 1");
        }
        Ok(())
    }

    /// The accuracy of guessing at `task`: where a fit starts, not where it ends.
    pub fn chance(&self, task: &str) -> f64 {
        self.chance
            .get(task)
            .copied()
            .unwrap_or_else(|| chance(task))
    }
}

/// The accuracy of guessing at the tasks whose number of choices is known; a quarter elsewhere, as in the authors'
/// code.
pub fn chance(task: &str) -> f64 {
    match task {
        "piqa" | "boolq" | "winogrande" => 0.5,
        "socialiqa" => 1.0 / 3.0,
        "csqa" => 0.2,
        _ => 0.25,
    }
}
