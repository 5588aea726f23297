//! What runs in a sandbox and what comes back.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// A command: its words, and what it is given.
#[derive(Clone, Debug, Default)]
pub struct Command {
    /// The program and its arguments; looked up in the sandbox's `PATH`.
    pub argv: Vec<OsString>,
    /// Variables beside the environment's.
    pub variables: BTreeMap<String, String>,
    /// Where it starts; the environment's working directory otherwise.
    pub working_directory: Option<PathBuf>,
    /// Its whole standard input.
    pub stdin: Vec<u8>,
    /// Its wall time; [`Limits::wall`](crate::Limits) otherwise.
    pub timeout: Option<Duration>,
    /// With `Some(greeting)` the command finds a two-way record channel, a connected stream socket, as the
    /// descriptor whose number is in `SWEMILL_CHANNEL`; the greeting can be read from it, then its end. Nobody
    /// else in the sandbox can open it; the started program marks it close-on-exec, so that its own children
    /// do not inherit it.
    pub channel: Option<Vec<u8>>,
}

impl Command {
    /// A command of the given words.
    pub fn new<I, S>(argv: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: Into<OsString>,
    {
        Self {
            argv: argv.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    /// Sets a variable.
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// Sets the working directory.
    pub fn working_directory(mut self, path: impl Into<PathBuf>) -> Self {
        self.working_directory = Some(path.into());
        self
    }

    /// Sets the whole standard input.
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// Sets the wall time.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Opens a record channel whose other side has already sent `greeting`.
    pub fn channel(mut self, greeting: impl Into<Vec<u8>>) -> Self {
        self.channel = Some(greeting.into());
        self
    }
}

/// What a command did. The process tree is gone when this exists.
#[derive(Clone, Debug)]
pub struct Output {
    /// How it ended.
    pub ending: Ending,
    /// Its standard output, bounded.
    pub stdout: Stream,
    /// Its standard error, bounded.
    pub stderr: Stream,
    /// What it wrote to the record channel.
    pub channel: Vec<u8>,
    /// Wall time.
    pub wall: Duration,
    /// User and system time of the whole process tree.
    pub cpu: Duration,
}

impl Output {
    /// Whether it exited with status 0.
    pub fn success(&self) -> bool {
        self.ending == Ending::Exited(0)
    }
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// By itself, with this status.
    Exited(i32),
    /// By this signal.
    Signalled(i32),
    /// Its whole process tree was killed at the deadline.
    TimedOut,
    /// Its process tree was killed because it used more memory than allowed.
    OutOfMemory,
    /// Its process tree was killed because it wrote more to the record channel than allowed.
    ChannelFlooded,
}

/// A bounded stretch of output bytes: the beginning and the end, with what was left out between counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stream {
    /// The first bytes.
    pub head: Vec<u8>,
    /// The last bytes, when there were more than fit.
    pub tail: Vec<u8>,
    /// How many bytes were dropped between.
    pub dropped: u64,
}

impl Stream {
    /// As text for a person; bytes that are not UTF-8 are replaced, the gap is named.
    pub fn to_text(&self) -> String {
        let head = String::from_utf8_lossy(&self.head);
        if self.dropped == 0 {
            return head.into_owned() + &String::from_utf8_lossy(&self.tail);
        }
        format!(
            "{head}\n[… {} bytes left out …]\n{}",
            self.dropped,
            String::from_utf8_lossy(&self.tail)
        )
    }
}
