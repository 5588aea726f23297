//! The two traits that every backend implements.

use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

use crate::{Command, EnvironmentSpec, Error, Limits, Output, Result, Template};

/// A way to make sandboxes.
#[async_trait]
pub trait Backend: Debug + Send + Sync {
    /// A short name, for people: `native`, `docker`.
    fn name(&self) -> &'static str;

    /// Checks that everything the spec names is there, and makes what starting needs (an image, a folder).
    async fn prepare(&self, spec: &EnvironmentSpec) -> Result<Environment>;

    /// Starts an isolated place.
    async fn start(&self, environment: &Environment, limits: &Limits) -> Result<Box<dyn Sandbox>>;

    /// Starts a command that prepares itself and then waits to be copied, where the backend can: see
    /// [`Template`]. The command's standard input is its own; copies read nothing.
    async fn template(
        &self,
        environment: &Environment,
        limits: &Limits,
        command: &Command,
    ) -> Result<Box<dyn Template>> {
        let _ = (environment, limits, command);
        Err(Error::Unsupported {
            backend: self.name(),
            operation: "run copies of a waiting process",
        })
    }

    /// Gives a host folder and all in it to the user that commands run as, so that it can serve as a layer
    /// they may change copies of. Does nothing where that user is the caller.
    async fn adopt(&self, folder: &Path) -> Result<()>;
}

/// A prepared environment: cheap to copy, good for any number of sandboxes.
#[derive(Clone, Debug)]
pub struct Environment {
    /// What it was prepared from.
    pub spec: Arc<EnvironmentSpec>,
    /// The image that was made of it, where the backend makes one.
    pub(crate) prepared: Option<Arc<crate::docker::Prepared>>,
}

/// One running isolated place.
#[async_trait]
pub trait Sandbox: Debug + Send + Sync {
    /// Runs a command to its end. When this returns no process that it started is left, whatever it did to
    /// hide one. Files it wrote stay for the next command. One operation runs at a time. Giving up this (or any)
    /// operation's future before its end ends the whole sandbox: later operations fail with
    /// [`Error::Gone`](crate::Error::Gone).
    async fn exec(&self, command: Command) -> Result<Output>;

    /// Writes a file as the sandbox's user, creating its parent folders. A link in the file's place is
    /// replaced, not followed; no link on the way leads out of the sandbox.
    async fn write(&self, path: &Path, bytes: &[u8], executable: bool) -> Result<()>;

    /// Reads a plain file of at most `limit` bytes as the sandbox's user; a larger one is an error.
    async fn read(&self, path: &Path, limit: usize) -> Result<Vec<u8>>;

    /// A copy-on-write sibling with the same files, where the backend can.
    async fn fork(&self) -> Result<Box<dyn Sandbox>>;

    /// Ends it: every process is killed, every file in memory dropped. Dropping a sandbox does the same.
    async fn stop(self: Box<Self>) -> Result<()>;
}
