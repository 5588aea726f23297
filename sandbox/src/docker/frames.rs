//! What the caller and a container's first process say to each other over the container's attached standard
//! input and output: frames as in [`wire`](crate::native::wire), followed by as many plain bytes as they announce.

use std::ffi::OsString;

use serde::{Deserialize, Serialize};

use crate::Ending;
use crate::native::wire::{Ceilings, Exec, Status};

/// What the caller asks. One is answered before the next is sent.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Ask {
    /// Get the place ready. First of all, and once.
    Start(Start),
    /// Run a command. Its standard input follows, then what can be read from its record channel.
    Exec {
        exec: Exec,
        stdin: u64,
        greeting: u64,
        bounds: Bounds,
    },
    /// Write a file; its content follows.
    Write {
        path: OsString,
        executable: bool,
        bytes: u64,
    },
    /// Send at most `limit` and one more bytes of a file.
    Read { path: OsString, limit: u64 },
    /// Send a folder's whole content as a tar archive.
    Collect { path: OsString },
}

/// What the first process needs to get the place ready.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Start {
    pub(crate) ceilings: Ceilings,
    /// Copies of the image's content: where it lies, and the empty memory that it goes to.
    pub(crate) copies: Vec<(OsString, OsString)>,
    /// Bytes of a tar archive that follow, to be unpacked over the root.
    pub(crate) archive: u64,
}

/// When a command is ended, and how much of its output is kept.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Bounds {
    pub(crate) wall_micros: u64,
    pub(crate) output_bytes: usize,
    pub(crate) channel_bytes: usize,
}

/// What the first process answers.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// The place is ready.
    Ready,
    /// It could not be made ready.
    Failed { step: String, reason: String },
    /// The command could not be started.
    NotStarted { reason: String },
    /// So many bytes follow: of the record channel while a command runs, of a file or folder otherwise.
    Piece { bytes: u64 },
    /// The command ended and every process is gone. What was kept of its output follows: the beginning and the
    /// end of standard output, then of standard error.
    Ended(Ended),
    /// The file operation succeeded.
    Done,
    /// The file operation failed.
    Refused { reason: String },
}

/// How a command ended.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ended {
    pub(crate) status: Status,
    pub(crate) early: Option<Early>,
    pub(crate) wall_micros: u64,
    pub(crate) cpu_micros: u64,
    pub(crate) stdout: Kept,
    pub(crate) stderr: Kept,
}

/// Why a command was ended before its own end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Early {
    Deadline,
    Memory,
    Flood,
}

/// How much was kept of a stream.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) head: u64,
    pub(crate) tail: u64,
    pub(crate) dropped: u64,
}

impl Ended {
    /// In the words of the crate.
    pub(crate) fn ending(&self) -> Ending {
        match (self.early, self.status) {
            (Some(Early::Deadline), _) => Ending::TimedOut,
            (Some(Early::Memory), _) => Ending::OutOfMemory,
            (Some(Early::Flood), _) => Ending::ChannelFlooded,
            (None, Status::Exited(code)) => Ending::Exited(code),
            (None, Status::Signalled(signal)) => Ending::Signalled(signal),
        }
    }
}
