//! How many commands run at one time: hundreds of attempts wait for models, and few of them for processors.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use swemill_agent::Place;
use swemill_sandbox::{Command, Output, Result, Sandbox};
use tokio::sync::{Semaphore, SemaphorePermit};

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

    async fn turn(&self) -> SemaphorePermit<'_> {
        let turn = self.turns.acquire().await;
        turn.expect("nothing closes the semaphore")
    }
}

/// A place whose sandboxes start, and run commands, in turn.
#[derive(Debug)]
pub(crate) struct Paced<P> {
    pub(super) place: P,
    pub(super) pace: Pace,
}

#[async_trait]
impl<P: Place> Place for Paced<P> {
    async fn start(&self) -> Result<Box<dyn Sandbox>> {
        let turn = self.pace.turn().await;
        let sandbox = self.place.start().await?;
        drop(turn);
        let pace = self.pace.clone();
        Ok(Box::new(PacedSandbox { sandbox, pace }))
    }
}

#[derive(Debug)]
struct PacedSandbox {
    sandbox: Box<dyn Sandbox>,
    pace: Pace,
}

#[async_trait]
impl Sandbox for PacedSandbox {
    async fn exec(&self, command: Command) -> Result<Output> {
        let _turn = self.pace.turn().await;
        self.sandbox.exec(command).await
    }

    async fn write(&self, path: &Path, bytes: &[u8], executable: bool) -> Result<()> {
        self.sandbox.write(path, bytes, executable).await
    }

    async fn read(&self, path: &Path, limit: usize) -> Result<Vec<u8>> {
        self.sandbox.read(path, limit).await
    }

    async fn fork(&self) -> Result<Box<dyn Sandbox>> {
        let sandbox = self.sandbox.fork().await?;
        let pace = self.pace.clone();
        Ok(Box::new(Self { sandbox, pace }))
    }

    async fn stop(self: Box<Self>) -> Result<()> {
        self.sandbox.stop().await
    }
}
