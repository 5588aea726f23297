//! The slow, clean way: a fresh sandbox, a fresh process, the whole suite.

use swemill_harness::{Comparison, Ending, Request, TestRun, compare};
use swemill_sandbox::FileWrite;

use super::changes::{Change, changes, restore};
use super::{Judge, refusal};
use crate::failure::StageError;

impl Judge<'_> {
    /// The lists that a patch gives in one fresh sandbox, or how the run broke off.
    pub async fn lists(&self, patch: &str) -> Result<Result<Comparison, String>, StageError> {
        let changes = match changes(&self.environment.tree, patch) {
            Ok(changes) => changes,
            Err(reason) => return Ok(Err(reason)),
        };
        let run = self.run_fresh(&changes).await?;
        Ok(match refusal(&run.ending) {
            Some((_, _, reason)) => Err(reason),
            None => Ok(compare(&self.environment.baseline, &run)),
        })
    }

    /// The lists after a patch and its reverse, in one fresh sandbox.
    pub async fn restored_lists(&self, patch: &str) -> Result<Comparison, StageError> {
        let changes = changes(&self.environment.tree, patch).map_err(StageError::grader)?;
        let restored = restore(patch, &changes).map_err(StageError::grader)?;
        let testbed = &self.environment.testbed;
        let broken = changes
            .iter()
            .map(|change| change.to_write(testbed, &change.broken));
        let mended = changes
            .iter()
            .zip(&restored)
            .map(|(change, (_, text))| change.to_write(testbed, text));
        let run = self
            .run_writes(&broken.chain(mended).collect::<Vec<_>>())
            .await?;
        Ok(compare(&self.environment.baseline, &run))
    }

    /// Runs the whole suite of the broken repository.
    pub(super) async fn run_fresh(&self, changes: &[Change]) -> Result<TestRun, StageError> {
        let testbed = &self.environment.testbed;
        let writes = changes
            .iter()
            .map(|change| change.to_write(testbed, &change.broken));
        self.run_writes(&writes.collect::<Vec<_>>()).await
    }

    /// Runs the suite in a fresh sandbox after some writes. A run that neither ended nor had the processor for
    /// half of its time says little on a busy machine: it gets one more chance, with more time.
    async fn run_writes(&self, writes: &[FileWrite]) -> Result<TestRun, StageError> {
        let mut request = self.environment.baseline.request();
        let run = self.run_once(writes, &request).await?;
        let starved = run.cpu < run.wall / 2;
        if !(starved && matches!(run.ending, Ending::TimedOut { .. })) {
            return Ok(run);
        }
        request.timeout *= 3;
        self.run_once(writes, &request).await
    }

    async fn run_once(
        &self,
        writes: &[FileWrite],
        request: &Request,
    ) -> Result<TestRun, StageError> {
        let sandbox = self
            .backend
            .start(&self.environment.environment, self.limits)
            .await?;
        for file in writes {
            sandbox
                .write(&file.path, &file.bytes, file.executable)
                .await?;
        }
        let run = swemill_harness::run(sandbox.as_ref(), &self.environment.command, request).await;
        sandbox.stop().await?;
        Ok(run?)
    }
}
