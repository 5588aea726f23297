//! What an episode may use.

use std::time::Duration;

use serde::Deserialize;
use swemill_agent::AttemptLimits;
use utoipa::ToSchema;

use crate::serve::ApiError;

/// The longest time that can be asked for, in seconds: a day.
const LONGEST: f64 = 86_400.0;

/// What an episode may use; what is left out is as for rollouts (docs/ROLLOUTS.md).
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Limits {
    /// Answers of the policy (250)
    steps: Option<usize>,
    /// Seconds of one command (60)
    command_seconds: Option<f64>,
    /// Seconds of all commands together (1800)
    execution_seconds: Option<f64>,
    /// Seconds of commands and answers together, as far as steps tell what answers took (3600)
    wall_seconds: Option<f64>,
    /// Tokens of all queries and answers together, as far as steps tell them (no limit)
    tokens: Option<u64>,
    /// Malformed answers in a row (3)
    malformed: Option<usize>,
    /// Commands in a row that run into their time limit (3)
    timeouts: Option<usize>,
    /// Times that actions repeat with the same result (6)
    repeats: Option<usize>,
}

impl Limits {
    pub(super) fn checked(self) -> Result<AttemptLimits, ApiError> {
        let known = AttemptLimits::default();
        let count = |field, asked: Option<usize>, otherwise| match asked {
            Some(0) => Err(ApiError::invalid(field, format!("`{field}` is at least 1"))),
            asked => Ok(asked.unwrap_or(otherwise)),
        };
        let seconds = |field, asked: Option<f64>, otherwise| match asked {
            None => Ok(otherwise),
            Some(seconds) if seconds > 0.0 && seconds <= LONGEST => {
                Ok(Duration::from_secs_f64(seconds))
            }
            Some(seconds) => Err(ApiError::invalid(
                field,
                format!("`{field}` is more than 0 and at most {LONGEST} seconds, not {seconds}"),
            )),
        };
        Ok(AttemptLimits {
            steps: count("steps", self.steps, known.steps)?,
            command: seconds("command_seconds", self.command_seconds, known.command)?,
            execution: seconds("execution_seconds", self.execution_seconds, known.execution)?,
            wall: seconds("wall_seconds", self.wall_seconds, known.wall)?,
            tokens: self.tokens,
            malformed: count("malformed", self.malformed, known.malformed)?,
            timeouts: count("timeouts", self.timeouts, known.timeouts)?,
            repeats: count("repeats", self.repeats, known.repeats)?,
            // Prices are the trainer's business.
            cost: None,
            ..known
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_are_none_and_counts_of_zero_are_refused_by_name() {
        for (text, field) in [
            (r#"{"steps": 0}"#, "steps"),
            (r#"{"command_seconds": 0}"#, "command_seconds"),
            (r#"{"wall_seconds": -1}"#, "wall_seconds"),
            (r#"{"execution_seconds": 1e300}"#, "execution_seconds"),
        ] {
            let limits: Limits = serde_json::from_str(text).unwrap();
            assert_eq!(limits.checked().unwrap_err().field, Some(field), "{text}");
        }
        let limits: Limits =
            serde_json::from_str(r#"{"steps": 7, "command_seconds": 0.5}"#).unwrap();
        let limits = limits.checked().unwrap();
        assert_eq!(
            (limits.steps, limits.command),
            (7, Duration::from_millis(500))
        );
    }
}
