//! What an attempt was: one type from which every export is made.

mod mask;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::action::{Call, Observation};
use crate::conversation::Elision;
use crate::interface::{Dialect, Task};
use crate::limits::{Exit, Spent};
use crate::lm::{Completion, Policy};
use crate::message::Message;
use crate::parse::Malformed;
use crate::patch::Patch;

pub use mask::Span;

/// One answer of the model and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its number, from 0.
    pub index: usize,
    /// The answer.
    pub completion: Completion,
    /// What the model said besides its actions.
    pub thought: String,
    /// Why the answer was not understood, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub malformed: Option<Malformed>,
    /// What it asked for.
    pub calls: Vec<Call>,
    /// What came of each, as far as they were carried out.
    pub observations: Vec<Observation>,
    /// What the conversation gained.
    pub messages: Vec<Message>,
    /// Time of the model, in seconds.
    pub lm_seconds: f64,
}

impl Step {
    /// Time of its commands, in seconds.
    pub fn execution_seconds(&self) -> f64 {
        let observations = self.observations.iter();
        observations.map(|observation| observation.seconds).sum()
    }

    /// What was submitted, if this step did.
    pub fn submitted(&self) -> Option<&str> {
        let mut observations = self.observations.iter();
        observations.find_map(|observation| observation.submitted.as_deref())
    }
}

/// A whole attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trajectory {
    /// What it was about.
    pub task: Task,
    /// The model, as it calls itself.
    pub model: String,
    /// Where the decisions came from.
    pub policy: Policy,
    /// The notation.
    pub dialect: Dialect,
    /// Where the repository was.
    pub root: String,
    /// SHA-256 of the templates that were in force.
    pub templates: String,
    /// Schemas of the tools.
    pub tools: Vec<Value>,
    /// The messages it began with.
    pub opening: Vec<Message>,
    /// What was done.
    pub steps: Vec<Step>,
    /// Where observations were left out of queries. `opening` and `steps` have them all.
    pub elisions: Vec<Elision>,
    /// How it ended.
    pub exit: Exit,
    /// What it used.
    pub spent: Spent,
    /// What it changed in the repository.
    pub patch: Patch,
    /// Whether the hidden tests pass, once it was graded.
    pub resolved: Option<bool>,
}

impl Trajectory {
    /// All messages, nothing left out.
    pub fn messages(&self) -> Vec<Message> {
        let gained = self.steps.iter().flat_map(|step| &step.messages);
        self.opening.iter().chain(gained).cloned().collect()
    }

    /// What was printed as the submission, if anything was.
    pub fn submission(&self) -> Option<&str> {
        self.steps.iter().find_map(Step::submitted)
    }

    /// The patch to grade. It is always what the repository shows, never what the agent prints. An agent of mini-swe-agent's
    /// chooses files by printing their diff; without a submission it has no patch, as published. SWE-agent hands in what is
    /// there when an attempt ends early.
    pub fn model_patch(&self) -> String {
        if !self.dialect.is_mini() {
            return self.patch.text.clone();
        }
        match self.submission() {
            None => String::new(),
            Some(printed) => self.patch.chosen_by(printed),
        }
    }

    /// SWE-agent's `exit_status`.
    pub fn swe_agent_exit_status(&self) -> String {
        match self.exit {
            Exit::Submitted => "submitted".to_owned(),
            exit if self.patch.text.is_empty() => exit.swe_agent().to_owned(),
            exit => format!("submitted ({})", exit.swe_agent()),
        }
    }
}
