//! SWE-bench predictions: `preds.json`, an object by instance, and `predictions.jsonl`, a line an instance.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::lm::Policy;
use crate::trajectory::Trajectory;

/// What a model hands in for an instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prediction {
    /// The instance.
    pub instance_id: String,
    /// The model; experts and recordings are named as what they are.
    pub model_name_or_path: String,
    /// The diff, which may be empty.
    pub model_patch: String,
}

impl Prediction {
    /// Of a trajectory.
    pub fn of(trajectory: &Trajectory) -> Self {
        Self {
            instance_id: trajectory.task.instance_id.clone(),
            model_name_or_path: name(trajectory),
            model_patch: trajectory.model_patch(),
        }
    }
}

/// The model's name, marked where it is no model's.
pub(super) fn name(trajectory: &Trajectory) -> String {
    match trajectory.policy {
        Policy::Model => trajectory.model.clone(),
        Policy::Expert => "policy=expert".to_owned(),
        Policy::Replay => format!("policy=replay:{}", trajectory.model),
    }
}

/// `preds.json`. Of several attempts at an instance the last one counts: the format has room for one.
pub fn json(trajectories: &[Trajectory]) -> String {
    let predictions: BTreeMap<String, Prediction> = trajectories
        .iter()
        .map(Prediction::of)
        .map(|prediction| (prediction.instance_id.clone(), prediction))
        .collect();
    serde_json::to_string_pretty(&predictions).expect("strings make JSON")
}

/// `predictions.jsonl`.
pub fn json_lines(trajectories: &[Trajectory]) -> String {
    let lines = trajectories.iter().map(|trajectory| {
        let prediction = Prediction::of(trajectory);
        serde_json::to_string(&prediction).expect("strings make JSON") + "\n"
    });
    lines.collect()
}
