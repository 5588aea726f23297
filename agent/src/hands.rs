//! What carries out an attempt's actions.

use std::time::Duration;

use swemill_sandbox::Sandbox;

use crate::action::{Action, Observation};
use crate::attempt::AttemptError;
use crate::editor::Editor;
use crate::interface::Interface;
use crate::parse::{Fault, Malformed};
use crate::patch::{self, Patch};
use crate::place::Place;
use crate::shell;

/// The state of an attempt that is not in its sandbox.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hands {
    editor: Editor,
    has_reviewed: bool,
    handed_in: Option<Patch>,
}

/// Where hands work.
pub(crate) struct Bench<'a> {
    pub(crate) interface: &'a Interface,
    pub(crate) sandbox: &'a dyn Sandbox,
    pub(crate) place: &'a dyn Place,
    pub(crate) command_limit: Duration,
}

impl Hands {
    /// Carries out one action. The inner error is the agent's: a command that is no command.
    pub(crate) async fn perform(
        &mut self,
        bench: &Bench<'_>,
        action: &Action,
    ) -> Result<Result<Observation, Malformed>, AttemptError> {
        let is_mini = bench.interface.dialect().is_mini();
        let observation = match action {
            Action::Bash { command } if is_mini => {
                shell::fresh(bench.sandbox, command, bench.command_limit).await?
            }
            Action::Bash { command } => {
                match shell::session(bench.sandbox, command, bench.command_limit).await? {
                    Ok(observation) => observation,
                    Err(errors) => return Ok(Err(Malformed::new(Fault::Syntax, errors, 1))),
                }
            }
            Action::Edit(edit) => {
                let root = bench.interface.root();
                self.editor.run(bench.sandbox, root, edit).await?
            }
            Action::Submit => self.submit(bench).await?,
        };
        Ok(Ok(observation))
    }

    /// The first submission is answered with the changes and a request to look at them once more.
    async fn submit(&mut self, bench: &Bench<'_>) -> Result<Observation, AttemptError> {
        let patch = patch::of(bench.sandbox, bench.place, bench.interface.root()).await?;
        if !std::mem::replace(&mut self.has_reviewed, true) {
            let review = bench.interface.submit_review(&patch.text)?;
            if !review.trim().is_empty() {
                return Ok(Observation::said(review + "\n", 0));
            }
        }
        let text = patch.text.clone();
        self.handed_in = Some(patch);
        Ok(Observation {
            submitted: Some(text),
            ..Observation::default()
        })
    }

    /// The patch that the last action handed in: nothing has run since.
    pub(crate) fn handed_in(&mut self) -> Option<Patch> {
        self.handed_in.take()
    }
}
