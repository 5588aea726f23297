//! What carries out an attempt's actions.

use std::time::{Duration, Instant};

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
    /// What the repository has that it had not, if nothing has run since that was found out.
    patch: Option<Patch>,
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
        if !matches!(action, Action::Submit) {
            self.patch = None;
        }
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
                let begun = Instant::now();
                let done = self.editor.run(bench.sandbox, root, edit).await?;
                Observation {
                    seconds: begun.elapsed().as_secs_f64(),
                    ..done
                }
            }
            Action::Submit => self.submit(bench).await?,
        };
        Ok(Ok(observation))
    }

    /// The first submission is answered with the changes and a request to look at them once more.
    async fn submit(&mut self, bench: &Bench<'_>) -> Result<Observation, AttemptError> {
        let patch = match self.patch.take() {
            Some(patch) => patch,
            None => patch::of(bench.sandbox, bench.place, bench.interface.root()).await?,
        };
        let text = self.patch.insert(patch).text.clone();
        if !std::mem::replace(&mut self.has_reviewed, true) {
            let review = bench.interface.submit_review(&text)?;
            if !review.trim().is_empty() {
                return Ok(Observation::said(review + "\n", 0));
            }
        }
        Ok(Observation {
            submitted: Some(text),
            ..Observation::default()
        })
    }

    /// The patch, if the last action asked for it: nothing has run since.
    pub(crate) fn patch(&mut self) -> Option<Patch> {
        self.patch.take()
    }
}
