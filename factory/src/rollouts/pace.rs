//! How many commands run, and places are sealed, at one time: hundreds of attempts wait for models, and few of them for
//! processors.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use swemill_agent::Place;
use swemill_agent::patch::Untouched;
use swemill_sandbox::{Command, Output, Result, Sandbox};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::clock::{Clock, Part};

/// Turns for commands. Waiting for one is not part of a command's time.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    turns: Arc<Semaphore>,
}

impl Pace {
    pub(super) fn new(commands: usize) -> Self {
        Self {
            turns: Arc::new(Semaphore::new(commands.max(1))),
        }
    }

    pub(super) async fn turn(&self) -> SemaphorePermit<'_> {
        let turn = self.turns.acquire().await;
        turn.expect("nothing closes the semaphore")
    }
}

/// A place whose sandboxes start, and run commands, in turn, and whose time is taken.
#[derive(Debug)]
pub(crate) struct Paced<P> {
    pub(super) place: P,
    pub(super) pace: Pace,
    pub(super) clock: Arc<Clock>,
}

#[async_trait]
impl<P: Place> Place for Paced<P> {
    async fn start(&self) -> Result<Box<dyn Sandbox>> {
        let turn = self.clock.over(Part::Turn, self.pace.turn()).await;
        let sandbox = self.clock.over(Part::Sandbox, self.place.start()).await?;
        drop(turn);
        Ok(Box::new(PacedSandbox {
            sandbox,
            pace: self.pace.clone(),
            clock: self.clock.clone(),
        }))
    }

    fn untouched(&self) -> Option<&Untouched> {
        self.place.untouched()
    }
}

#[derive(Debug)]
struct PacedSandbox {
    sandbox: Box<dyn Sandbox>,
    pace: Pace,
    clock: Arc<Clock>,
}

#[async_trait]
impl Sandbox for PacedSandbox {
    async fn exec(&self, command: Command) -> Result<Output> {
        let _turn = self.clock.over(Part::Turn, self.pace.turn()).await;
        self.clock
            .over(Part::Sandbox, self.sandbox.exec(command))
            .await
    }

    async fn write(&self, path: &Path, bytes: &[u8], executable: bool) -> Result<()> {
        let written = self.sandbox.write(path, bytes, executable);
        self.clock.over(Part::Sandbox, written).await
    }

    async fn read(&self, path: &Path, limit: usize) -> Result<Vec<u8>> {
        let read = self.sandbox.read(path, limit);
        self.clock.over(Part::Sandbox, read).await
    }

    async fn fork(&self) -> Result<Box<dyn Sandbox>> {
        Ok(Box::new(Self {
            sandbox: self.clock.over(Part::Sandbox, self.sandbox.fork()).await?,
            pace: self.pace.clone(),
            clock: self.clock.clone(),
        }))
    }

    async fn stop(self: Box<Self>) -> Result<()> {
        self.clock.over(Part::Sandbox, self.sandbox.stop()).await
    }
}
