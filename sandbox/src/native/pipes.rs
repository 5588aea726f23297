//! What a command is connected to: its input in memory, its output by pipes, its record channel by a socket.

use std::io::{self, Read, Seek, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::time::Duration;

use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::net::unix::pipe::Receiver;
use tokio::sync::Notify;

use crate::Command;

/// How often the record channel is looked at. Whoever waits for it is woken by every record, and the waking takes longer
/// than all else that the command does to write one.
const PAUSE: Duration = Duration::from_millis(10);
/// With this much at a time the command may be waiting for room.
const BULK: usize = 64 << 10;
/// Bytes read at a time.
const CHUNK: usize = 16 << 10;

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

/// Sends the greeting and collects what comes back until the command has `ended`; whether that was too much.
pub(crate) async fn converse(
    channel: Option<UnixStream>,
    greeting: Vec<u8>,
    limit: usize,
    flooded: &Notify,
    ended: &Notify,
) -> io::Result<(Vec<u8>, bool)> {
    let Some(mut channel) = channel else {
        return Ok((Vec::new(), false));
    };
    // A command that ends without listening is no failure.
    let _ = channel.write_all(&greeting).await;
    let channel = channel.into_std()?;
    let _ = channel.shutdown(Shutdown::Write);
    let mut kept = Vec::new();
    let mut has_ended = false;
    loop {
        let before = kept.len();
        if take(&channel, limit, &mut kept) {
            flooded.notify_one();
            return Ok((kept, true));
        }
        if has_ended {
            return Ok((kept, false));
        }
        let pause = match kept.len() - before {
            0..BULK => PAUSE,
            _ => PAUSE / 10,
        };
        tokio::select! {
            () = ended.notified() => has_ended = true,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Takes what has come; whether it was more than the limit.
fn take(mut channel: &StdUnixStream, limit: usize, kept: &mut Vec<u8>) -> bool {
    let mut chunk = [0; CHUNK];
    loop {
        // A connection reset is an end like any other: the other side was killed with bytes unread.
        let got = match channel.read(&mut chunk) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) | Ok(0) => return false,
            Ok(got) => got,
        };
        let room = limit - kept.len();
        kept.extend_from_slice(&chunk[..got.min(room)]);
        if got > room {
            return true;
        }
    }
}
