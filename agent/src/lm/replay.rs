//! A recorded trajectory in a model's place: for tests, audits and debugging, and marked as what it is.

use async_trait::async_trait;

use super::{Completion, Lm, LmError, Policy, Query, Usage};
use crate::trajectory::Trajectory;

/// Answers with what was recorded, step by step, whatever is asked.
#[derive(Clone, Debug)]
pub struct Replay {
    name: String,
    completions: Vec<Completion>,
}

impl Replay {
    /// Replays these answers.
    pub fn new(name: impl Into<String>, completions: Vec<Completion>) -> Self {
        Self {
            name: name.into(),
            completions,
        }
    }

    /// Replays a trajectory's answers.
    pub fn of(trajectory: &Trajectory) -> Self {
        let completions = trajectory.steps.iter().map(|step| step.completion.clone());
        Self::new(
            format!("replay:{}", trajectory.model),
            completions.collect(),
        )
    }
}

#[async_trait]
impl Lm for Replay {
    fn name(&self) -> &str {
        &self.name
    }

    fn policy(&self) -> Policy {
        Policy::Replay
    }

    async fn complete(&self, query: Query<'_>) -> Result<Completion, LmError> {
        let recorded = self.completions.get(query.step);
        let mut completion = recorded.cloned().ok_or_else(|| LmError::RecordingEnded {
            model: self.name.clone(),
            recorded: self.completions.len(),
        })?;
        // Nothing was spent this time.
        completion.usage = Usage::default();
        Ok(completion)
    }
}
