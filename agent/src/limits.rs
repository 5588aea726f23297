//! What an attempt may use, and how it ends.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::lm::Usage;

/// Ceilings of one attempt. The defaults are mini-swe-agent's and SWE-agent's where they have one.
#[derive(Clone, Debug, PartialEq)]
pub struct AttemptLimits {
    /// Answers of the model.
    pub steps: usize,
    /// Time of the model and of commands together; failures of the machinery do not count.
    pub wall: Duration,
    /// Tokens of all queries and answers together.
    pub tokens: Option<u64>,
    /// Cost in US dollars.
    pub cost: Option<f64>,
    /// Time of one command.
    pub command: Duration,
    /// Time of all commands together.
    pub execution: Duration,
    /// Tokens of one answer.
    pub answer_tokens: Option<u64>,
    /// Malformed answers in a row.
    pub malformed: usize,
    /// Commands in a row that run into their time limit.
    pub timeouts: usize,
    /// Times that actions repeat with the same result before the model is told.
    pub repeats_told: usize,
    /// Times that actions repeat with the same result before the attempt ends.
    pub repeats: usize,
    /// Failures of the machinery that are made good, of the model and of the sandbox each.
    pub infra_retries: u32,
}

impl Default for AttemptLimits {
    fn default() -> Self {
        Self {
            steps: 250,
            wall: Duration::from_hours(1),
            tokens: None,
            cost: Some(3.0),
            command: Duration::from_mins(1),
            execution: Duration::from_mins(30),
            answer_tokens: None,
            malformed: 3,
            timeouts: 3,
            repeats_told: 3,
            repeats: 6,
            infra_retries: 3,
        }
    }
}

/// How an attempt ended. Failures of the machinery are no ending: they are an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// The agent handed its work in.
    Submitted,
    /// All steps were taken.
    Steps,
    /// The time was over.
    Wall,
    /// The tokens were spent.
    Tokens,
    /// The money was spent.
    Cost,
    /// The conversation outgrew the model's context.
    Context,
    /// Too many malformed answers in a row.
    Malformed,
    /// Too many commands in a row ran into their time limit.
    CommandTimeouts,
    /// The time of all commands was over.
    Execution,
    /// The same actions again and again.
    Repeated,
}

impl Exit {
    /// SWE-agent's word, without `submitted (…)` around it.
    pub fn swe_agent(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Steps | Self::Tokens | Self::Cost => "exit_cost",
            Self::Wall | Self::Execution => "exit_total_execution_time",
            Self::Context => "exit_context",
            Self::Malformed => "exit_format",
            Self::CommandTimeouts => "exit_command_timeout",
            Self::Repeated => "exit_repeated",
        }
    }

    /// mini-swe-agent's word.
    pub fn mini(self) -> &'static str {
        match self {
            Self::Submitted => "Submitted",
            Self::Steps | Self::Tokens | Self::Cost => "LimitsExceeded",
            Self::Wall | Self::Execution | Self::CommandTimeouts => "TimeExceeded",
            Self::Context => "ContextWindowExceededError",
            Self::Malformed => "RepeatedFormatError",
            Self::Repeated => "RepeatedAction",
        }
    }
}

/// What an attempt has used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spent {
    /// Answers of the model.
    pub steps: usize,
    /// Tokens and money.
    pub usage: Usage,
    /// Time of the model, in seconds.
    pub lm_seconds: f64,
    /// Time of commands, in seconds.
    pub execution_seconds: f64,
    /// Malformed answers since the last that was not.
    pub malformed_in_a_row: usize,
    /// Timeouts since the last command that had none.
    pub timeouts_in_a_row: usize,
}

impl AttemptLimits {
    /// The limit that is reached, if one is. Checked before each query, so that an attempt whose last step
    /// submits is submitted.
    pub fn reached(&self, spent: &Spent) -> Option<Exit> {
        let tokens = spent.usage.prompt_tokens + spent.usage.completion_tokens;
        let seconds = spent.lm_seconds + spent.execution_seconds;
        let checks = [
            (spent.malformed_in_a_row >= self.malformed, Exit::Malformed),
            (
                spent.timeouts_in_a_row >= self.timeouts,
                Exit::CommandTimeouts,
            ),
            (spent.steps >= self.steps, Exit::Steps),
            (self.tokens.is_some_and(|most| tokens >= most), Exit::Tokens),
            (
                self.cost.is_some_and(|most| spent.usage.cost >= most),
                Exit::Cost,
            ),
            (seconds >= self.wall.as_secs_f64(), Exit::Wall),
            (
                spent.execution_seconds >= self.execution.as_secs_f64(),
                Exit::Execution,
            ),
        ];
        checks
            .into_iter()
            .find_map(|(is_reached, exit)| is_reached.then_some(exit))
    }
}
