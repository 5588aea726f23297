//! What a command is connected to: its input in memory, its output by pipes, its record channel by a socket.

use std::io::{self, Seek, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdUnixStream;

use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::net::unix::pipe::Receiver;
use tokio::sync::Notify;

use super::output;
use crate::Command;

/// A file in memory that holds the given bytes for good and stands at its beginning.
pub(crate) fn sealed_file(bytes: &[u8]) -> io::Result<std::fs::File> {
    let mut file = memory_file()?;
    file.write_all(bytes)?;
    file.rewind()?;
    let seals = SealFlag::F_SEAL_WRITE
        | SealFlag::F_SEAL_GROW
        | SealFlag::F_SEAL_SHRINK
        | SealFlag::F_SEAL_SEAL;
    fcntl(&file, FcntlArg::F_ADD_SEALS(seals))?;
    Ok(file)
}

/// An empty file in memory.
pub(crate) fn memory_file() -> io::Result<std::fs::File> {
    let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
    Ok(memfd_create(c"swemill", flags)?.into())
}

/// Both ends of everything a command is connected to.
pub(crate) struct Pipes {
    pub(crate) theirs: Vec<OwnedFd>,
    pub(crate) ours: Ours,
}

/// The caller's ends.
pub(crate) struct Ours {
    pub(crate) stdout: Receiver,
    pub(crate) stderr: Receiver,
    pub(crate) channel: Option<UnixStream>,
}

impl Pipes {
    /// Makes them for a command.
    pub(crate) fn new(command: &Command) -> io::Result<Self> {
        let stdin = if command.stdin.is_empty() {
            std::fs::File::open("/dev/null")?
        } else {
            sealed_file(&command.stdin)?
        };
        let (stdout, stdout_end) = io::pipe()?;
        let (stderr, stderr_end) = io::pipe()?;
        let mut theirs: Vec<OwnedFd> = vec![stdin.into(), stdout_end.into(), stderr_end.into()];
        let channel = if command.channel.is_some() {
            let (ours, end) = StdUnixStream::pair()?;
            ours.set_nonblocking(true)?;
            theirs.push(end.into());
            Some(UnixStream::from_std(ours)?)
        } else {
            None
        };
        Ok(Self {
            theirs,
            ours: Ours {
                stdout: Receiver::from_owned_fd(stdout.into())?,
                stderr: Receiver::from_owned_fd(stderr.into())?,
                channel,
            },
        })
    }
}

/// Sends the greeting and collects what comes back; whether that was too much.
pub(crate) async fn converse(
    channel: Option<UnixStream>,
    greeting: Vec<u8>,
    limit: usize,
    flooded: &Notify,
) -> (Vec<u8>, bool) {
    let Some(channel) = channel else {
        return (Vec::new(), false);
    };
    let (reading, mut writing) = channel.into_split();
    let greet = async {
        // A command that ends without listening is no failure.
        let _ = writing.write_all(&greeting).await;
        let _ = writing.shutdown().await;
    };
    let listen = async {
        let (bytes, too_many) = output::collect_all(reading, limit).await;
        if too_many {
            flooded.notify_one();
        }
        (bytes, too_many)
    };
    tokio::join!(greet, listen).1
}
