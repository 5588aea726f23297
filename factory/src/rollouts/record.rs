//! Keeping an attempt's steps in the store, each before an action of the next is carried out.

use std::time::Duration;

use async_trait::async_trait;
use swemill_agent::observer::ObserverError;
use swemill_agent::{Action, Observer, Step};
use swemill_store::jobs::Lease;
use swemill_store::rollouts::steps::{self, NewStep};

use crate::events::Event;
use crate::machine::Machine;

/// How long a Postgres that went away is waited for.
const PATIENCE: Duration = Duration::from_mins(5);
/// Characters of an observation that can be searched for.
const SEARCHED: usize = 4_000;

/// Writes the steps of one rollout, as long as its worker holds the lease.
pub(super) struct Record<'m> {
    pub(super) machine: &'m Machine,
    pub(super) rollout_id: i64,
    pub(super) lease: &'m Lease,
    /// What the steps of this worker are billed with.
    pub(super) billed: Billed,
}

/// Seconds of models and commands.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Billed {
    pub(super) lm: f64,
    pub(super) execution: f64,
}

#[async_trait]
impl Observer for Record<'_> {
    async fn recorded(&mut self) -> Result<Vec<Step>, ObserverError> {
        let pool = self.machine.pool();
        let read = || steps::of(pool, self.rollout_id);
        let stored = self.machine.store().retry(PATIENCE, read).await?;
        let steps = stored.iter().map(|step| serde_json::from_slice(step));
        Ok(steps.collect::<Result<_, _>>()?)
    }

    async fn completed(&mut self, step: &Step) -> Result<(), ObserverError> {
        let new = to_stored(step)?;
        let pool = self.machine.pool();
        let write = || steps::add(pool, self.rollout_id, &new, self.lease);
        self.machine.store().retry(PATIENCE, write).await?;
        self.billed.lm += new.lm_seconds;
        self.billed.execution += new.execution_seconds;
        let usage = step.completion.usage;
        self.machine.tell(Event::Stepped {
            tokens: usage.prompt_tokens + usage.completion_tokens,
        });
        Ok(())
    }
}

/// A step as the store keeps it.
fn to_stored(step: &Step) -> Result<NewStep, serde_json::Error> {
    let usage = step.completion.usage;
    Ok(NewStep {
        index: step.index,
        content: serde_json::to_vec(step)?,
        text: searchable(step),
        prompt_tokens: usage.prompt_tokens,
        completion_tokens: usage.completion_tokens,
        cached_tokens: usage.cached_tokens,
        cost: usage.cost,
        lm_seconds: step.lm_seconds,
        execution_seconds: step.execution_seconds(),
        malformed: step.malformed.is_some(),
    })
}

/// What a step can be found by.
fn searchable(step: &Step) -> String {
    let mut text = step.thought.clone();
    for call in &step.calls {
        text.push('\n');
        match &call.action {
            Action::Bash { command } => text.push_str(command),
            Action::Edit(edit) => {
                let parts = [Some(&edit.command), Some(&edit.path)];
                let parts = parts.into_iter().chain([
                    edit.old_str.as_ref(),
                    edit.new_str.as_ref(),
                    edit.file_text.as_ref(),
                ]);
                for part in parts.flatten() {
                    text.push_str(part);
                    text.push('\n');
                }
            }
            Action::Submit => text.push_str("submit"),
        }
    }
    for observation in &step.observations {
        text.push('\n');
        text.extend(observation.output.chars().take(SEARCHED));
    }
    text
}
