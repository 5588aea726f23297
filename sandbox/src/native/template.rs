//! The caller's side of a template: a process in a sandbox that waits to be copied.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncReadExt, Interest};
use tokio::net::UnixStream;
use tokio::sync::Mutex;

use super::control::out_of_step;
use super::pipes::{Pipes, sealed_file};
use super::sandbox::NativeSandbox;
use super::wire::{self, Reply, Request};
use super::{NAME, Shared};
use crate::template::{Round, TEMPLATE_VARIABLE, Template};
use crate::{Command, EnvironmentSpec, Error, Limits, Output, Result, Sandbox, Upper};

/// What a template may say of itself when it is ready, in bytes.
const LONGEST_SAYING: usize = 1 << 20;

/// How long copying the process may take.
const COPYING: Duration = Duration::from_secs(30);

/// A waiting process in a sandbox of its own.
#[derive(Debug)]
pub(crate) struct NativeTemplate {
    sandbox: NativeSandbox,
    socket: Mutex<UnixStream>,
    said: Vec<u8>,
}

impl NativeTemplate {
    /// Starts the sandbox and the command, and waits until it says that it is ready.
    pub(crate) async fn start(
        shared: Arc<Shared>,
        spec: Arc<EnvironmentSpec>,
        limits: Limits,
        command: &Command,
    ) -> Result<Self> {
        let in_memory = spec.trees.iter().all(|tree| tree.upper == Upper::Memory);
        if shared.scratch.is_some() || !in_memory {
            return Err(Error::Unsupported {
                backend: NAME,
                operation: "undo what is written to a host folder, as a template needs",
            });
        }
        let wall = command.timeout.unwrap_or(limits.wall);
        let mut sandbox = NativeSandbox::start_renewable(shared, spec, limits).await?;
        let mut socket = sandbox.start_template(command).await?;
        let said = tokio::time::timeout(wall, message(&mut socket));
        match said.await {
            Ok(Ok(said)) => Ok(Self {
                sandbox,
                socket: Mutex::new(socket),
                said,
            }),
            Ok(Err(error)) => Err(Error::Gone(format!(
                "the template ended before it was ready: {error}"
            ))),
            Err(_) => Err(Error::Unresponsive(wall)),
        }
    }

    /// Has the waiting process copy itself; the copy's process id inside.
    async fn copy(&self, descriptors: &[BorrowedFd<'_>]) -> Result<i32> {
        let mut socket = self.socket.lock().await;
        let ask = async {
            socket
                .async_io(Interest::WRITABLE, || {
                    wire::send_some(socket.as_raw_fd(), &[1], descriptors)
                })
                .await?;
            let pid = message(&mut socket).await?;
            std::str::from_utf8(&pid)
                .ok()
                .and_then(|pid| pid.parse().ok())
                .filter(|pid| *pid > 1)
                .ok_or_else(|| io::Error::other("it gave no process id"))
        };
        match tokio::time::timeout(COPYING, ask).await {
            Ok(Ok(pid)) => Ok(pid),
            Ok(Err(error)) => Err(Error::Gone(format!(
                "the template cannot be copied: {error}"
            ))),
            Err(_) => Err(Error::Unresponsive(COPYING)),
        }
    }
}

#[async_trait]
impl Template for NativeTemplate {
    fn said(&self) -> &[u8] {
        &self.said
    }

    async fn run(&self, round: Round) -> Result<Output> {
        self.sandbox.renew().await?;
        for file in &round.writes {
            self.sandbox
                .write(&file.path, &file.bytes, file.executable)
                .await?;
        }
        let command = Command {
            channel: Some(round.greeting),
            timeout: Some(round.timeout),
            ..Command::default()
        };
        let Pipes { theirs, ours } = Pipes::new(&command).map_err(|source| Error::Io {
            context: "making a copy's pipes".into(),
            source,
        })?;
        self.sandbox
            .attend(command, ours, async |turn| {
                let descriptors: Vec<BorrowedFd<'_>> = theirs.iter().map(AsFd::as_fd).collect();
                let pid = self.copy(&descriptors).await?;
                drop(theirs);
                turn.send(&Request::Adopt { pid }, &[]).await
            })
            .await
    }

    async fn stop(self: Box<Self>) -> Result<()> {
        Box::new(self.sandbox).stop().await
    }
}

impl NativeSandbox {
    /// Starts a command that stays; the socket to it.
    async fn start_template(&mut self, command: &Command) -> Result<UnixStream> {
        let broken = |source: io::Error| Error::Io {
            context: "making a template's pipes".into(),
            source,
        };
        let (ours, theirs) = StdUnixStream::pair().map_err(broken)?;
        let stdin = sealed_file(&command.stdin).map_err(broken)?;
        let nowhere = std::fs::OpenOptions::new()
            .write(true)
            .open("/dev/null")
            .map_err(broken)?;
        let mut exec = self.exec_request(command);
        exec.channel = true;
        exec.variables.push((
            TEMPLATE_VARIABLE.into(),
            super::exec::CHANNEL_DESCRIPTOR.into(),
        ));
        let descriptors = [
            stdin.as_fd(),
            nowhere.as_fd(),
            nowhere.as_fd(),
            theirs.as_fd(),
        ];
        match self.ask(&Request::Start(exec), &descriptors).await? {
            Reply::Started => {}
            Reply::NotStarted { reason } => {
                let program = command
                    .argv
                    .first()
                    .map(|word| word.to_string_lossy().into_owned());
                return Err(Error::Spawn {
                    program: program.unwrap_or_default(),
                    reason,
                });
            }
            other => return Err(out_of_step(&other)),
        }
        ours.set_nonblocking(true).map_err(broken)?;
        UnixStream::from_std(ours).map_err(broken)
    }

    /// Undoes everything written since the template was ready.
    async fn renew(&self) -> Result<()> {
        match self.ask(&Request::Renew, &[]).await? {
            Reply::Done => Ok(()),
            Reply::Refused { reason } => Err(Error::Setup {
                step: "renewing a sandbox's files".into(),
                reason,
            }),
            other => Err(out_of_step(&other)),
        }
    }
}

/// A message of the template: four bytes of length, then as many bytes. What comes is not trusted.
async fn message(socket: &mut UnixStream) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    socket.read_exact(&mut length).await?;
    let length = u32::from_be_bytes(length) as usize;
    if length > LONGEST_SAYING {
        return Err(io::Error::other("it says too much"));
    }
    let mut bytes = vec![0; length];
    socket.read_exact(&mut bytes).await?;
    Ok(bytes)
}
