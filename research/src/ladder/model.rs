//! A fitted ladder of one task, which predicts.

use serde::Serialize;

use super::curve::{ComputeLaw, Curve, LogSigmoid, PowerLaw, Sigmoid, SingleStep};
use super::scale::Scale;

/// The first step: a feature by scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ScalingCurve {
    /// By size and tokens.
    Power([f64; 5]),
    /// By compute.
    Compute([f64; 3]),
}

/// The second step: accuracy by a feature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LinkCurve {
    /// A sigmoid.
    Sigmoid([f64; 4]),
    /// A log-sigmoid.
    LogSigmoid([f64; 3]),
}

/// The curves of one task with their parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Model {
    /// A feature between scale and accuracy.
    TwoStep {
        /// The first step.
        scaling: ScalingCurve,
        /// The second step.
        link: LinkCurve,
    },
    /// Accuracy by scale at once.
    SingleStep([f64; 7]),
}

/// What a model says of a scale.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Predicted {
    /// The feature between the steps, where there is one.
    pub feature: Option<f64>,
    /// The accuracy, from 0 to 1.
    pub accuracy: f64,
}

impl Model {
    /// Predicts the scores of a run of this scale.
    pub fn predict(&self, scale: &Scale) -> Predicted {
        match self {
            Self::SingleStep(curve) => Predicted {
                feature: None,
                accuracy: SingleStep::value(curve, scale.log()),
            },
            Self::TwoStep { scaling, link } => {
                let feature = scaling.value(scale);
                Predicted {
                    feature: Some(feature),
                    accuracy: link.value(feature),
                }
            }
        }
    }

    /// The accuracy that belongs to a feature, by the second step alone.
    pub fn accuracy_at(&self, feature: f64) -> Option<f64> {
        match self {
            Self::SingleStep(_) => None,
            Self::TwoStep { link, .. } => Some(link.value(feature)),
        }
    }
}

impl ScalingCurve {
    /// The feature at a scale.
    pub fn value(&self, scale: &Scale) -> f64 {
        match self {
            Self::Power(curve) => PowerLaw::value(curve, scale.log()),
            Self::Compute(curve) => ComputeLaw::value(curve, scale.log()),
        }
    }
}

impl LinkCurve {
    /// The accuracy at a feature.
    pub fn value(&self, feature: f64) -> f64 {
        match self {
            Self::Sigmoid(curve) => Sigmoid::value(curve, feature),
            Self::LogSigmoid(curve) => LogSigmoid::value(curve, feature),
        }
    }
}
