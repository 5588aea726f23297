//! What the caller and the first process of a sandbox say to each other: frames of a length and JSON on a
//! stream socket, with descriptors attached to a frame's first bytes.

use std::ffi::OsString;
use std::io::{self, IoSlice, IoSliceMut, Read};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, UnixAddr, recvmsg, sendmsg};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::user::HostUser;

/// Longer frames are a defect or an attack, never a real message.
const LONGEST_FRAME: usize = 64 << 20;

/// The most descriptors that one frame carries.
pub(crate) const MOST_DESCRIPTORS: usize = 4;

/// Everything the first process needs to know to build the place.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Setup {
    pub(crate) trees: Vec<TreePlan>,
    pub(crate) mounts: Vec<MountPlan>,
    /// Share the host's network.
    pub(crate) network: bool,
    pub(crate) user: HostUser,
    /// Made before the root turns read-only, when nothing else provides it.
    pub(crate) working_directory: OsString,
    pub(crate) ceilings: Ceilings,
    /// Control groups that the first process is put into, and that go with it.
    pub(crate) groups: Vec<OsString>,
    /// Host folders that go with the sandbox (overlay work folders).
    pub(crate) leftovers: Vec<OsString>,
    /// The state folder of another sandbox comes with this message and is copied.
    pub(crate) seeded: bool,
    /// Keep what [`Request::Renew`] needs.
    pub(crate) renewable: bool,
}

/// A tree with canonical host paths.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TreePlan {
    pub(crate) target: OsString,
    pub(crate) lower: Vec<OsString>,
    /// The upper and the work folder on the host; in memory otherwise.
    pub(crate) upper: Option<(OsString, OsString)>,
}

/// A mount with a canonical host path.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct MountPlan {
    pub(crate) source: OsString,
    pub(crate) target: OsString,
    pub(crate) writable: bool,
}

/// The limits that are enforced from within.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Ceilings {
    pub(crate) memory_bytes: u64,
    /// No control group bounds the memory: the first process has to watch it.
    pub(crate) watch_memory: bool,
    pub(crate) processes: u64,
    pub(crate) open_files: u64,
    pub(crate) disk_bytes: u64,
}

/// What the caller asks of the first process. One request is answered before the next is sent, but for
/// [`Request::Kill`], which may follow [`Request::Exec`] and [`Request::Adopt`].
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    /// Run a command. Descriptors: standard input, output, error, and the record channel if there is one.
    Exec(Exec),
    /// Kill the command that runs, with all its processes.
    Kill,
    /// Write a file from the attached descriptor.
    Write { path: OsString, executable: bool },
    /// Copy at most `limit` and one more bytes of a file into the attached descriptor.
    Read { path: OsString, limit: u64 },
    /// Give out the folder that holds everything written in memory.
    Share,
    /// Start a command that stays: a template. Descriptors as for [`Request::Exec`]. From here on what is
    /// written can be undone, and operations spare this process.
    Start(Exec),
    /// Undo all that was written since the template was ready.
    Renew,
    /// Wait for a copy of the template as if it were a command.
    Adopt { pid: i32 },
}

/// A command, complete with its environment.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Exec {
    pub(crate) argv: Vec<OsString>,
    pub(crate) variables: Vec<(OsString, OsString)>,
    pub(crate) directory: OsString,
    pub(crate) channel: bool,
}

/// What the first process answers.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Reply {
    /// The place is set up.
    Ready,
    /// It could not be set up.
    Failed { step: String, reason: String },
    /// The command could not be started.
    NotStarted { reason: String },
    /// The template runs.
    Started,
    /// The command ended and every process is gone.
    Ended {
        status: Status,
        cpu_micros: u64,
        out_of_memory: bool,
    },
    /// The file operation succeeded.
    Done,
    /// The file operation failed.
    Refused { reason: String },
    /// The state folder is attached.
    Shared,
}

/// A wait status.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum Status {
    Exited(i32),
    Signalled(i32),
}

/// A message as bytes, its length first.
pub(crate) fn frame(message: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; 4];
    serde_json::to_writer(&mut bytes, message)?;
    let length = u32::try_from(bytes.len() - 4).map_err(io::Error::other)?;
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    Ok(bytes)
}

/// A message's length from its first bytes.
pub(crate) fn frame_length(header: [u8; 4]) -> io::Result<usize> {
    let length = u32::from_le_bytes(header) as usize;
    if length > LONGEST_FRAME {
        return Err(io::Error::other("a message of impossible length arrived"));
    }
    Ok(length)
}

/// A message from its bytes, without the length.
pub(crate) fn parse<M: DeserializeOwned>(bytes: &[u8]) -> io::Result<M> {
    Ok(serde_json::from_slice(bytes)?)
}

/// Sends some bytes with descriptors attached; returns how many were taken.
pub(crate) fn send_some(
    socket: RawFd,
    bytes: &[u8],
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<usize> {
    let raw: Vec<RawFd> = descriptors.iter().map(AsRawFd::as_raw_fd).collect();
    let rights = [ControlMessage::ScmRights(&raw)];
    let attached: &[ControlMessage<'_>] = if raw.is_empty() { &[] } else { &rights };
    let sent = sendmsg::<UnixAddr>(
        socket,
        &[IoSlice::new(bytes)],
        attached,
        MsgFlags::MSG_NOSIGNAL,
        None,
    )?;
    Ok(sent)
}

/// Receives some bytes and the descriptors attached to them; 0 bytes mean the other side is gone.
pub(crate) fn receive_some(
    socket: RawFd,
    bytes: &mut [u8],
    descriptors: &mut Vec<OwnedFd>,
) -> io::Result<usize> {
    let mut space = nix::cmsg_space!([RawFd; MOST_DESCRIPTORS]);
    let mut slices = [IoSliceMut::new(bytes)];
    let received = recvmsg::<UnixAddr>(
        socket,
        &mut slices,
        Some(&mut space),
        MsgFlags::MSG_CMSG_CLOEXEC,
    )?;
    for message in received.cmsgs()? {
        if let ControlMessageOwned::ScmRights(raw) = message {
            for descriptor in raw {
                // SAFETY: the kernel has just made this descriptor for us; nobody else owns it.
                descriptors.push(unsafe { OwnedFd::from_raw_fd(descriptor) });
            }
        }
    }
    Ok(received.bytes)
}

/// Sends a whole message and waits until it is taken.
pub(crate) fn send(
    socket: &UnixStream,
    message: &impl Serialize,
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let bytes = frame(message)?;
    let mut sent = send_some(socket.as_raw_fd(), &bytes, descriptors)?;
    while sent < bytes.len() {
        sent += send_some(socket.as_raw_fd(), &bytes[sent..], &[])?;
    }
    Ok(())
}

/// Waits for a whole message; `None` when the other side is gone.
pub(crate) fn receive<M: DeserializeOwned>(
    mut socket: &UnixStream,
) -> io::Result<Option<(M, Vec<OwnedFd>)>> {
    let mut header = [0; 4];
    let mut descriptors = Vec::new();
    let mut got = 0;
    while got < header.len() {
        let some =
            retry(|| receive_some(socket.as_raw_fd(), &mut header[got..], &mut descriptors))?;
        if some == 0 {
            return Ok(None);
        }
        got += some;
    }
    let mut body = vec![0; frame_length(header)?];
    socket.read_exact(&mut body)?;
    Ok(Some((parse(&body)?, descriptors)))
}

/// Repeats a call that a signal interrupted.
fn retry<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}
