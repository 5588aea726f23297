//! Rollouts: attempts of agents at instances, every step of them, and their grades.
//!
//! A [`campaigns`] row says what was asked for; [`attempts`] are queued with their jobs; [`steps`] are written while an
//! attempt runs, by the holder of its job's lease alone; [`finish`] stores trajectories, grades and failures in the
//! transaction that completes the job; [`read`] lists rollouts and streams those that ended with their trajectories;
//! [`summary`] counts by model and instance. What a trajectory is made of is the agent's business: here it is JSON,
//! [packed](packed) for storing.

pub mod attempts;
pub mod campaigns;
pub mod finish;
mod packed;
pub mod read;
pub mod steps;
pub mod summary;

use std::ops::AddAssign;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::failure::Failure;

pub use read::{Recorded, RolloutFilter};

/// Where decisions come from.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "rollout_policy", rename_all = "snake_case")]
pub enum RolloutPolicy {
    /// A language model.
    Model,
    /// A script that knows the repair.
    Expert,
    /// An earlier trajectory.
    Replay,
}

/// How far a rollout has come.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "rollout_state", rename_all = "snake_case")]
pub enum RolloutState {
    /// It waits for a worker.
    Queued,
    /// Its agent is at work, or was when its worker died.
    Running,
    /// Its trajectory is stored; the grade is not there yet.
    Attempted,
    /// It is graded.
    Graded,
    /// The machinery failed for good: it counts for nobody.
    Failed,
}

/// What the hidden tests say.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "rollout_outcome", rename_all = "snake_case")]
pub enum RolloutOutcome {
    /// Every test of both lists passed.
    Resolved,
    /// Some test did not.
    Unresolved,
    /// There was no patch.
    Empty,
    /// The patch could not be applied.
    NotApplied,
    /// It was caught lying about results.
    Tampered,
}

impl RolloutState {
    /// The word used in the tables, in output and in the docs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Attempted => "attempted",
            Self::Graded => "graded",
            Self::Failed => "failed",
        }
    }
}

impl RolloutOutcome {
    /// The word used in the tables, in output and in the docs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Resolved => "resolved",
            Self::Unresolved => "unresolved",
            Self::Empty => "empty",
            Self::NotApplied => "not_applied",
            Self::Tampered => "tampered",
        }
    }
}

impl RolloutPolicy {
    /// The word used in the tables, in output and in the docs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Expert => "expert",
            Self::Replay => "replay",
        }
    }
}

/// What attempts took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    /// Answers of the model.
    pub steps: i64,
    /// Tokens of conversations, cached ones included.
    pub prompt_tokens: i64,
    /// Tokens of answers.
    pub completion_tokens: i64,
    /// Tokens of conversations that were in a cache.
    pub cached_tokens: i64,
    /// US dollars.
    pub cost: f64,
    /// Seconds of the model.
    pub lm_seconds: f64,
    /// Seconds of commands.
    pub execution_seconds: f64,
    /// Everything else.
    #[serde(flatten)]
    pub overhead: Overhead,
}

/// What attempts took beside models and commands, of the workers that ended them: what a killed worker's share was is not
/// known. With the seconds of models and commands they make up the time from an attempt's beginning to its trajectory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Overhead {
    /// Seconds of waiting: for a turn to run a command, for a server that did not answer well.
    pub waiting_seconds: f64,
    /// Seconds until the sealed place was there.
    pub sealing_seconds: f64,
    /// Seconds of sandboxes that are no command's: starting them, checking commands, reading, writing and listing files.
    pub sandbox_seconds: f64,
    /// Seconds of the rest: parsing, templates, storing steps, waiting for a processor to do so.
    pub harness_seconds: f64,
    /// Seconds of a processor in this process, whatever they were for; sealing and sandboxes' own processes are not in it.
    pub processor_seconds: f64,
}

impl AddAssign for Overhead {
    fn add_assign(&mut self, more: Self) {
        self.waiting_seconds += more.waiting_seconds;
        self.sealing_seconds += more.sealing_seconds;
        self.sandbox_seconds += more.sandbox_seconds;
        self.harness_seconds += more.harness_seconds;
        self.processor_seconds += more.processor_seconds;
    }
}

impl AddAssign for Totals {
    fn add_assign(&mut self, more: Self) {
        self.steps += more.steps;
        self.prompt_tokens += more.prompt_tokens;
        self.completion_tokens += more.completion_tokens;
        self.cached_tokens += more.cached_tokens;
        self.cost += more.cost;
        self.lm_seconds += more.lm_seconds;
        self.execution_seconds += more.execution_seconds;
        self.overhead += more.overhead;
    }
}

/// One attempt, without its steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rollout {
    /// Its number.
    pub id: i64,
    /// What it was asked for in.
    pub campaign_id: i64,
    /// Where its decisions come from.
    pub policy: RolloutPolicy,
    /// The model's name.
    pub model: String,
    /// The notation that it speaks.
    pub interface: String,
    /// The instance.
    pub instance_id: String,
    /// `owner/name` of the instance's repository.
    pub repository: String,
    /// The number of the attempt at the instance, from 1.
    pub attempt: i32,
    /// The seed of its sampling.
    pub seed: i64,
    /// How far it has come.
    pub state: RolloutState,
    /// How often it went on where a worker had left it.
    pub resumes: i32,
    /// How often it had to begin anew.
    pub restarts: i32,
    /// Why it had to, the last time.
    pub restart_reason: Option<String>,
    /// How the agent's work ended.
    pub exit: Option<String>,
    /// The patch that is graded.
    pub patch: Option<String>,
    /// What it took.
    #[serde(flatten)]
    pub totals: Totals,
    /// What the hidden tests say.
    pub outcome: Option<RolloutOutcome>,
    /// The whole grade.
    pub grade: Option<Value>,
    /// Why the machinery gave up.
    pub failure: Option<Failure>,
    /// When it was queued.
    pub created_at: DateTime<Utc>,
    /// When an agent first began with it.
    pub started_at: Option<DateTime<Utc>>,
    /// When its trajectory was stored.
    pub attempted_at: Option<DateTime<Utc>>,
    /// When its grade was.
    pub graded_at: Option<DateTime<Utc>>,
}

impl Rollout {
    /// Whether the hidden tests pass; none before grading.
    pub fn resolved(&self) -> Option<bool> {
        self.outcome
            .map(|outcome| outcome == RolloutOutcome::Resolved)
    }
}
