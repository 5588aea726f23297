//! Trajectories in the formats that the field reads. `docs/FORMATS.md` says who reads which.

pub mod atif;
pub mod mini;
pub mod predictions;
pub mod swe_agent;
pub mod swe_smith;

use crate::message::Role;
use crate::trajectory::Step;

/// What a step's actions printed, as the conversation shows it.
fn shown(step: &Step) -> String {
    let results = step.messages.iter();
    let texts = results.filter(|message| message.role != Role::Assistant);
    let texts: Vec<&str> = texts.map(|message| message.content.as_str()).collect();
    texts.join("\n")
}

/// What a step's actions printed, as it came.
fn printed(step: &Step) -> String {
    let outputs = step.observations.iter();
    let outputs = outputs.map(|observation| match &observation.submitted {
        Some(submitted) => submitted.as_str(),
        None => observation.output.as_str(),
    });
    outputs.collect::<Vec<_>>().join("\n")
}

/// A step's actions as a shell would have them.
fn actions(step: &Step) -> String {
    let calls = step.calls.iter();
    let lines = calls.map(|call| crate::interface::render::shell(&call.action));
    lines.collect::<Vec<_>>().join("\n")
}
