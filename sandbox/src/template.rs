//! Running one prepared process many times: a *template* does what every run would begin with, once, and then
//! waits; each run is a copy of it.

use std::fmt::Debug;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;

use crate::{Output, Result};

/// The variable that names the descriptor of a template's socket.
///
/// Over it the template first says, once, that it is ready: four bytes of length (big endian) and as many bytes
/// of whatever it has to tell. Then, again and again: one byte comes with four descriptors attached (standard
/// input, output, error, and the record channel of a copy); the template forks twice, so that the copy is a
/// child of the sandbox's first process, and answers with the copy's process id in decimal, framed alike. The
/// copy enters its working folder again before it looks at any file: all mounts have been renewed under it.
pub const TEMPLATE_VARIABLE: &str = "SWEMILL_TEMPLATE";

/// A process that is ready, in a sandbox of its own, waiting to be copied.
#[async_trait]
pub trait Template: Debug + Send + Sync {
    /// What it said when it was ready.
    fn said(&self) -> &[u8];

    /// Undoes all that was written since it was ready, writes the round's files, copies the process and lets
    /// the copy run to its end, as [`Sandbox::exec`](crate::Sandbox::exec) would a command. One round runs at a
    /// time. An [`Error::Gone`](crate::Error::Gone) means that the template has ended; a new one can be started.
    async fn run(&self, round: Round) -> Result<Output>;

    /// Ends it and its sandbox.
    async fn stop(self: Box<Self>) -> Result<()>;
}

/// What one copy is given.
#[derive(Clone, Debug, Default)]
pub struct Round {
    /// Files that are written before it goes on.
    pub writes: Vec<FileWrite>,
    /// What it can read from its record channel at once.
    pub greeting: Vec<u8>,
    /// Its wall time.
    pub timeout: Duration,
}

/// A file to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileWrite {
    /// Absolute path inside.
    pub path: PathBuf,
    /// Its content.
    pub bytes: Vec<u8>,
    /// Whether it can be executed.
    pub executable: bool,
}
