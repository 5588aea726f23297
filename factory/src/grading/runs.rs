//! Running an instance's tests on a submission, in a fresh place.

use std::collections::BTreeMap;

use swemill_harness::{Ending, Request, TestRun};
use swemill_sandbox::{Backend, Command, Limits, Sandbox};

use super::sites::Site;
use super::tripwire::{Told, Tripwires};
use super::unchanged::Tests;
use crate::failure::StageError;
use crate::machine::Loaded;

/// Files by path: bytes and whether they are executable, or nothing for those that go.
pub(super) type Files = BTreeMap<String, Option<(Vec<u8>, bool)>>;

/// Runs in fresh sandboxes of one environment.
pub(super) struct Runs<'a> {
    pub(super) backend: &'a dyn Backend,
    pub(super) loaded: &'a Loaded,
    pub(super) limits: &'a Limits,
}

impl Runs<'_> {
    /// Runs the suite on files, with tripwires in it where there is a place for them, also in the `judging` files.
    pub(super) async fn judged(
        &self,
        files: &Files,
        site: &Site,
        judging: impl Iterator<Item = &str>,
    ) -> Result<(TestRun, Told), StageError> {
        match site {
            Site::Unusable(reason) => {
                let told = Told::NotUsed {
                    reason: reason.clone(),
                };
                Ok((self.run(files, None).await?.0, told))
            }
            Site::Usable(site) => {
                // A test file that the break or the submission changes stays as they leave it.
                let free = judging.filter(|file| !files.contains_key(*file));
                let tripwires = site.draw(free, &self.loaded.view()?)?;
                let (run, changed) = self.run(files, Some(&tripwires)).await?;
                let told = match changed {
                    Some(path) => Told::Tampered {
                        reason: changed_while_running(&path),
                    },
                    None => tripwires.judge(&run),
                };
                Ok((run, told))
            }
        }
    }

    /// Runs the suite; with tripwires, also says which file of the tests is no longer what it was. A run that neither
    /// ended nor had the processor for half of its time says little on a busy machine: it gets one more chance, with
    /// more time.
    pub(super) async fn run(
        &self,
        files: &Files,
        tripwires: Option<&Tripwires>,
    ) -> Result<(TestRun, Option<String>), StageError> {
        let mut request = self.loaded.baseline.request();
        let (run, changed) = self.run_once(files, tripwires, &request).await?;
        let starved = run.cpu < run.wall / 2;
        if !(starved && matches!(run.ending, Ending::TimedOut { .. })) {
            return Ok((run, changed));
        }
        request.timeout *= 3;
        self.run_once(files, tripwires, &request).await
    }

    async fn run_once(
        &self,
        files: &Files,
        tripwires: Option<&Tripwires>,
        request: &Request,
    ) -> Result<(TestRun, Option<String>), StageError> {
        let sandbox = self
            .backend
            .start(&self.loaded.environment, self.limits)
            .await?;
        // Files go first, so that a folder may stand where one was.
        self.remove(sandbox.as_ref(), files).await?;
        for (path, file) in files {
            if let Some((bytes, executable)) = file {
                let place = self.loaded.testbed.join(path);
                sandbox.write(&place, bytes, *executable).await?;
            }
        }
        for (path, text) in tripwires.iter().flat_map(|tripwires| &tripwires.files) {
            let place = self.loaded.testbed.join(path);
            sandbox.write(&place, text.as_bytes(), false).await?;
        }
        let run = swemill_harness::run(sandbox.as_ref(), &self.loaded.command, request).await;
        let changed = match tripwires {
            // Whatever became of the run, its own ending says more than what lies there.
            Some(tripwires) if run.as_ref().is_ok_and(|run| run.ending.is_complete()) => {
                let tests = Tests::of(self.loaded, files, tripwires)?;
                tests
                    .changed(sandbox.as_ref(), &self.loaded.testbed)
                    .await?
            }
            _ => None,
        };
        sandbox.stop().await?;
        Ok((run?, changed))
    }

    /// Removes files. Their names travel as input, never as arguments; nothing of the submission is there yet.
    async fn remove(&self, sandbox: &dyn Sandbox, files: &Files) -> Result<(), StageError> {
        let gone: Vec<&str> = files
            .iter()
            .filter(|(_, file)| file.is_none())
            .map(|(path, _)| path.as_str())
            .collect();
        if gone.is_empty() {
            return Ok(());
        }
        let command = Command::new([
            self.loaded.command.interpreter.as_os_str(),
            "-I".as_ref(),
            "-S".as_ref(),
            "-c".as_ref(),
            REMOVE.as_ref(),
        ])
        .working_directory(&self.loaded.testbed)
        .stdin(gone.join("\0"));
        let output = sandbox.exec(command).await?;
        if output.success() {
            return Ok(());
        }
        Err(StageError::infra(format!(
            "cannot remove files in the sandbox: {}",
            output.stderr.to_text().trim()
        )))
    }
}

/// The words for a file of the tests that is not what it was.
pub(super) fn changed_while_running(path: &str) -> String {
    format!("{path} was changed while the tests ran")
}

/// Removes files below the current folder, and folders that are empty then, as git does.
const REMOVE: &str = r#"
import os, sys
for path in sys.stdin.buffer.read().split(b"\0"):
    os.remove(path)
    folder = os.path.dirname(path)
    while folder:
        try:
            os.rmdir(folder)
        except OSError:
            break
        folder = os.path.dirname(folder)
"#;
