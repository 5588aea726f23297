//! The caller's end of the socket to a sandbox's first process.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncReadExt, Interest};
use tokio::net::UnixStream;

use super::wire::{self, Reply};
use crate::{Error, Result};

/// How long the first process may take to answer what it can answer at once. Setting up a place takes
/// milliseconds and killing a tree not much more; a machine under heavy load gets generous time.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// The socket, and whether what was sent and received last is in step.
#[derive(Debug)]
pub(crate) struct Control {
    socket: UnixStream,
    keeper: Option<Pid>,
    broken: Option<&'static str>,
}

impl Control {
    /// Takes over the caller's end; `keeper` is the process that everything in the sandbox dies with, and
    /// has to stay the caller's child as long as this exists.
    pub(crate) fn new(
        socket: std::os::unix::net::UnixStream,
        keeper: Option<u32>,
    ) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Ok(Self {
            socket: UnixStream::from_std(socket)?,
            keeper: keeper
                .and_then(|id| i32::try_from(id).ok())
                .map(Pid::from_raw),
            broken: None,
        })
    }

    /// Begins an operation. When its future is dropped before [`Control::end`], the answer would be taken
    /// for another operation's: the sandbox ends then and there.
    pub(crate) fn begin(&mut self) -> Result<Turn<'_>> {
        if let Some(reason) = self.broken {
            return Err(Error::Gone(reason.into()));
        }
        Ok(Turn {
            control: self,
            finished: false,
        })
    }

    /// Has the first process notice that the caller is gone, which ends everything in the sandbox.
    pub(crate) fn shut(&mut self, reason: &'static str) {
        self.broken.get_or_insert(reason);
        // SAFETY: shuts down a socket that we own.
        unsafe { nix::libc::shutdown(self.socket.as_raw_fd(), nix::libc::SHUT_RDWR) };
    }
}

/// One operation: what is sent, and its answer.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    control: &'a mut Control,
    finished: bool,
}

impl Turn<'_> {
    /// Sends a message with descriptors.
    pub(crate) async fn send(
        &self,
        message: &impl serde::Serialize,
        descriptors: &[BorrowedFd<'_>],
    ) -> Result<()> {
        let bytes = wire::frame(message).map_err(|source| Error::Io {
            context: "writing a message to the sandbox".into(),
            source,
        })?;
        let socket = &self.control.socket;
        let mut sent = 0;
        while sent < bytes.len() {
            let attached = if sent == 0 { descriptors } else { &[] };
            sent += socket
                .async_io(Interest::WRITABLE, || {
                    wire::send_some(socket.as_raw_fd(), &bytes[sent..], attached)
                })
                .await
                .map_err(|error| gone(&error))?;
        }
        Ok(())
    }

    /// Waits for an answer.
    pub(crate) async fn receive(&mut self) -> Result<(Reply, Vec<OwnedFd>)> {
        let socket = &mut self.control.socket;
        let mut descriptors = Vec::new();
        let mut header = [0; 4];
        let mut got = 0;
        while got < header.len() {
            let some = socket
                .async_io(Interest::READABLE, || {
                    wire::receive_some(socket.as_raw_fd(), &mut header[got..], &mut descriptors)
                })
                .await
                .map_err(|error| gone(&error))?;
            if some == 0 {
                return Err(Error::Gone("its first process ended".into()));
            }
            got += some;
        }
        let read = async {
            let mut body = vec![0; wire::frame_length(header)?];
            socket.read_exact(&mut body).await?;
            wire::parse(&body)
        };
        let reply = read.await.map_err(|error| gone(&error))?;
        Ok((reply, descriptors))
    }

    /// Waits for an answer that has to come soon.
    pub(crate) async fn receive_soon(&mut self) -> Result<(Reply, Vec<OwnedFd>)> {
        if let Ok(answer) = tokio::time::timeout(PATIENCE, self.receive()).await {
            return answer;
        }
        // It may not notice a closed socket either.
        if let Some(keeper) = self.control.keeper {
            let _ = kill(keeper, Signal::SIGKILL);
        }
        Err(Error::Unresponsive(PATIENCE))
    }

    /// The operation is complete.
    pub(crate) fn end(mut self) {
        self.finished = true;
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.finished {
            self.control
                .shut("an operation on it was given up or failed");
        }
    }
}

fn gone(error: &io::Error) -> Error {
    Error::Gone(format!("its first process does not answer: {error}"))
}

/// An answer that does not belong to its question.
pub(crate) fn out_of_step(reply: &Reply) -> Error {
    Error::Gone(format!("its first process answered out of step: {reply:?}"))
}
