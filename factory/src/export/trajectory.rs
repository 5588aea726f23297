//! Trajectories out of the store.

use anyhow::Context as _;
use serde_json::Value;
use swemill_agent::Trajectory;
use swemill_store::rollouts::Recorded;

/// The trajectory of a rollout with its steps and its grade.
pub fn trajectory(recorded: &Recorded) -> anyhow::Result<Trajectory> {
    let read = || -> serde_json::Result<Trajectory> {
        let mut document: Value = serde_json::from_slice(&recorded.trajectory)?;
        let steps = recorded
            .steps
            .iter()
            .map(|step| serde_json::from_slice(step));
        document["steps"] = Value::Array(steps.collect::<serde_json::Result<_>>()?);
        document["resolved"] = recorded.rollout.resolved().into();
        serde_json::from_value(document)
    };
    let id = recorded.rollout.id;
    read().with_context(|| {
        format!("the trajectory of rollout {id} cannot be read; was it written by a newer swemill?")
    })
}
