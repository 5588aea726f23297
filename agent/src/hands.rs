//! What carries out an attempt's actions.

use std::time::{Duration, Instant};

use swemill_sandbox::Sandbox;

use crate::action::{Action, Observation};
use crate::attempt::AttemptError;
use crate::editor::Editor;
use crate::interface::Interface;
use crate::parse::{Fault, Malformed};
use crate::patch::{self, Patch, PatchError};
use crate::place::Place;
use crate::shell;

/// The state of an attempt that is not in its sandbox.
#[derive(Debug, Default)]
pub(crate) struct Hands {
    editor: Editor,
    has_reviewed: bool,
    /// What the repository has that it had not, if nothing has run since that was found out.
    patch: Option<Patch>,
    /// A sandbox that is not needed any more.
    idle: Option<Box<dyn Sandbox>>,
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
        let root = bench.interface.root();
        let patch = self.patch(bench.sandbox, bench.place, root).await?;
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

    /// What the repository has that it had not.
    pub(crate) async fn patch(
        &mut self,
        sandbox: &dyn Sandbox,
        place: &dyn Place,
        root: &str,
    ) -> Result<Patch, PatchError> {
        match self.patch.take() {
            Some(patch) => Ok(patch),
            None => self.compare(sandbox, place, root).await,
        }
    }

    /// Stops what is not needed any more: something to do while others are waited for.
    pub(crate) async fn tidy(&mut self) -> swemill_sandbox::Result<()> {
        match self.idle.take() {
            Some(idle) => idle.stop().await,
            None => Ok(()),
        }
    }

    async fn compare(
        &mut self,
        sandbox: &dyn Sandbox,
        place: &dyn Place,
        root: &str,
    ) -> Result<Patch, PatchError> {
        let compared = patch::of(sandbox, place, root).await?;
        self.tidy().await?;
        self.idle = compared.beside;
        Ok(compared.patch)
    }
}
