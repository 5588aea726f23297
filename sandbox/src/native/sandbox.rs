//! The caller's side of a sandbox.

use std::io::{self, Read, Seek};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::process::Child;
use tokio::sync::{Mutex, Notify};

use super::cgroup::Group;
use super::control::{Control, Turn, out_of_step};
use super::exec::exec_request;
use super::pipes::{Ours, Pipes, converse, memory_file, sealed_file};
use super::wire::{Exec, Reply, Request, Setup, Status};
use super::{NAME, Shared, output, plan, probe};
use crate::{Command, Ending, EnvironmentSpec, Error, Limits, Output, Result, Sandbox};

/// How often a control group is asked whether the kernel had to kill for memory.
const GROUP_INTERVAL: Duration = Duration::from_millis(25);

/// How long a closed sandbox may take to disappear before its keeper is killed.
const FAREWELL: Duration = Duration::from_secs(10);

/// A sandbox made of namespaces.
#[derive(Debug)]
pub(crate) struct NativeSandbox {
    shared: Arc<Shared>,
    spec: Arc<EnvironmentSpec>,
    limits: Limits,
    group: Option<Group>,
    control: Mutex<Control>,
    keeper: Child,
}

impl NativeSandbox {
    /// Starts one, empty or with the files of another (`seed` is its state folder).
    pub(crate) async fn start(
        shared: Arc<Shared>,
        spec: Arc<EnvironmentSpec>,
        limits: Limits,
        seed: Option<OwnedFd>,
    ) -> Result<Self> {
        Self::launch(shared, spec, limits, seed, false).await
    }

    /// Starts one whose files can be made as they were.
    pub(crate) async fn start_renewable(
        shared: Arc<Shared>,
        spec: Arc<EnvironmentSpec>,
        limits: Limits,
    ) -> Result<Self> {
        Self::launch(shared, spec, limits, None, true).await
    }

    async fn launch(
        shared: Arc<Shared>,
        spec: Arc<EnvironmentSpec>,
        limits: Limits,
        seed: Option<OwnedFd>,
        renewable: bool,
    ) -> Result<Self> {
        let (mut setup, group) = prepare(&shared, &spec, &limits).await?;
        setup.seeded = seed.is_some();
        setup.renewable = renewable;
        let (socket, keeper) = start_keeper(&shared)?;
        let mut control = Control::new(socket, keeper.id()).map_err(|source| Error::Io {
            context: "preparing the socket to the sandbox".into(),
            source,
        })?;
        let mut turn = control.begin()?;
        let seeds: Vec<BorrowedFd<'_>> = seed.iter().map(AsFd::as_fd).collect();
        turn.send(&setup, &seeds).await?;
        match turn.receive_soon().await?.0 {
            Reply::Ready => turn.end(),
            Reply::Failed { step, reason } => return Err(probe::explain(step, reason)),
            other => return Err(out_of_step(&other)),
        }
        Ok(Self {
            shared,
            spec,
            limits,
            group,
            control: Mutex::new(control),
            keeper,
        })
    }

    /// A command with everything that the first process needs to start it.
    pub(crate) fn exec_request(&self, command: &Command) -> Exec {
        exec_request(&self.spec, command)
    }

    /// Waits for a command's end, and brings it about at the deadline, when the channel overflows or when
    /// the memory ran out.
    async fn supervise(
        &self,
        turn: &mut Turn<'_>,
        timeout: Duration,
        flooded: &Notify,
    ) -> Result<(Reply, Option<Ending>)> {
        let kills_before = self.group.as_ref().map_or(0, Group::memory_kills);
        let out_of_memory = async {
            let Some(group) = self.group.as_ref().filter(|group| group.bounds_memory()) else {
                return std::future::pending().await;
            };
            while group.memory_kills() == kills_before {
                tokio::time::sleep(GROUP_INTERVAL).await;
            }
        };
        let early = tokio::select! {
            biased;
            reply = turn.receive() => {
                let ending = self
                    .group
                    .as_ref()
                    .is_some_and(|group| group.memory_kills() != kills_before)
                    .then_some(Ending::OutOfMemory);
                return Ok((reply?.0, ending));
            }
            () = flooded.notified() => Ending::ChannelFlooded,
            () = out_of_memory => Ending::OutOfMemory,
            () = tokio::time::sleep(timeout) => Ending::TimedOut,
        };
        turn.send(&Request::Kill, &[]).await?;
        Ok((turn.receive_soon().await?.0, Some(early)))
    }

    /// Asks what is answered soon.
    pub(crate) async fn ask(
        &self,
        request: &Request,
        descriptors: &[BorrowedFd<'_>],
    ) -> Result<Reply> {
        let mut control = self.control.lock().await;
        let mut turn = control.begin()?;
        turn.send(request, descriptors).await?;
        let reply = turn.receive_soon().await?.0;
        turn.end();
        Ok(reply)
    }

    /// Has a process start, and reads what it writes until its whole tree has ended.
    pub(crate) async fn attend(
        &self,
        command: Command,
        ours: Ours,
        start: impl AsyncFnOnce(&mut Turn<'_>) -> Result<()>,
    ) -> Result<Output> {
        let program = command
            .argv
            .first()
            .map(|word| word.to_string_lossy().into_owned())
            .unwrap_or_default();
        let mut control = self.control.lock().await;
        let mut turn = control.begin()?;
        let began = Instant::now();
        start(&mut turn).await?;
        let (flooded, ended) = (Notify::new(), Notify::new());
        let timeout = command.timeout.unwrap_or(self.limits.wall);
        let greeting = command.channel.unwrap_or_default();
        // An error of any one gives up on the others: they would wait for a sandbox that does not answer.
        let ((reply, early), stdout, stderr, (channel, too_much)) = tokio::try_join!(
            async {
                let supervised = self.supervise(&mut turn, timeout, &flooded).await;
                ended.notify_one();
                supervised
            },
            output::collect(ours.stdout, self.limits.output_bytes),
            output::collect(ours.stderr, self.limits.output_bytes),
            async {
                let limit = self.limits.channel_bytes;
                let conversed = converse(ours.channel, greeting, limit, &flooded, &ended).await;
                conversed.map_err(|source| Error::Io {
                    context: "reading the record channel".into(),
                    source,
                })
            },
        )?;
        turn.end();
        let wall = began.elapsed();
        match reply {
            Reply::Ended {
                status,
                cpu_micros,
                out_of_memory,
            } => Ok(Output {
                ending: ending(status, out_of_memory, early, too_much),
                stdout,
                stderr,
                channel,
                wall,
                cpu: Duration::from_micros(cpu_micros),
            }),
            Reply::NotStarted { reason } => Err(Error::Spawn { program, reason }),
            other => Err(out_of_step(&other)),
        }
    }

    /// Runs a file operation to its answer.
    async fn file_operation(
        &self,
        path: &Path,
        request: Request,
        descriptor: BorrowedFd<'_>,
    ) -> Result<()> {
        match self.ask(&request, &[descriptor]).await? {
            Reply::Done => Ok(()),
            Reply::Refused { reason } => Err(refused(path, reason)),
            other => Err(out_of_step(&other)),
        }
    }
}

#[async_trait]
impl Sandbox for NativeSandbox {
    async fn exec(&self, command: Command) -> Result<Output> {
        let exec = self.exec_request(&command);
        let Pipes { theirs, ours } = Pipes::new(&command).map_err(|source| Error::Io {
            context: "making the command's pipes".into(),
            source,
        })?;
        self.attend(command, ours, async |turn| {
            let descriptors: Vec<BorrowedFd<'_>> = theirs.iter().map(AsFd::as_fd).collect();
            turn.send(&Request::Exec(exec), &descriptors).await?;
            drop(theirs);
            Ok(())
        })
        .await
    }

    async fn write(&self, path: &Path, bytes: &[u8], executable: bool) -> Result<()> {
        let inside = plan::inside(path).map_err(|error| refused(path, error.to_string()))?;
        let content = sealed_file(bytes).map_err(|error| refused(path, error.to_string()))?;
        let request = Request::Write {
            path: inside,
            executable,
        };
        self.file_operation(path, request, content.as_fd()).await
    }

    async fn read(&self, path: &Path, limit: usize) -> Result<Vec<u8>> {
        let inside = plan::inside(path).map_err(|error| refused(path, error.to_string()))?;
        let mut content = memory_file().map_err(|error| refused(path, error.to_string()))?;
        let request = Request::Read {
            path: inside,
            limit: limit as u64,
        };
        self.file_operation(path, request, content.as_fd()).await?;
        let mut bytes = Vec::new();
        content
            .rewind()
            .and_then(|()| content.read_to_end(&mut bytes))
            .map_err(|error| refused(path, error.to_string()))?;
        if bytes.len() > limit {
            return Err(refused(path, format!("it is larger than {limit} bytes")));
        }
        Ok(bytes)
    }

    async fn fork(&self) -> Result<Box<dyn Sandbox>> {
        let in_memory = |tree: &crate::Tree| tree.upper == crate::Upper::Memory;
        if self.shared.scratch.is_some() || !self.spec.trees.iter().all(in_memory) {
            return Err(Error::Unsupported {
                backend: NAME,
                operation: "copy a sandbox whose writes go to a host folder",
            });
        }
        // Held to the end: nothing may write while the copy is made.
        let mut control = self.control.lock().await;
        let mut turn = control.begin()?;
        turn.send(&Request::Share, &[]).await?;
        let (reply, mut descriptors) = turn.receive_soon().await?;
        turn.end();
        let (Reply::Shared, Some(state)) = (&reply, descriptors.pop()) else {
            return Err(out_of_step(&reply));
        };
        let sibling = Self::start(
            Arc::clone(&self.shared),
            Arc::clone(&self.spec),
            self.limits.clone(),
            Some(state),
        )
        .await?;
        Ok(Box::new(sibling))
    }

    async fn stop(mut self: Box<Self>) -> Result<()> {
        self.control.get_mut().shut("it was stopped");
        if tokio::time::timeout(FAREWELL, self.keeper.wait())
            .await
            .is_err()
        {
            // The first process dies with its keeper, and everything else with that.
            let _ = self.keeper.kill().await;
            return Err(Error::Unresponsive(FAREWELL));
        }
        Ok(())
    }
}

/// Checks the paths and makes the control groups, off the threads that must not wait for a disk.
async fn prepare(
    shared: &Arc<Shared>,
    spec: &Arc<EnvironmentSpec>,
    limits: &Limits,
) -> Result<(Setup, Option<Group>)> {
    let (shared, spec, limits) = (Arc::clone(shared), Arc::clone(spec), limits.clone());
    let work = move || {
        let mut setup = plan::setup(&spec, &limits, shared.user, shared.scratch.as_deref())?;
        setup.system = shared.system.clone().into();
        let group = shared.groups.create(&limits);
        setup.ceilings.watch_memory = group.as_ref().is_none_or(|group| !group.bounds_memory());
        setup.groups = group.as_ref().map(Group::paths).unwrap_or_default();
        Ok((setup, group))
    };
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::Io {
            context: "preparing a sandbox".into(),
            source: io::Error::other(error),
        })?
}

/// Executes the launcher's program with one end of a socket as its standard input.
fn start_keeper(shared: &Shared) -> Result<(StdUnixStream, Child)> {
    let launcher = &shared.launcher;
    let start = || -> io::Result<(StdUnixStream, Child)> {
        let (ours, theirs) = StdUnixStream::pair()?;
        let keeper = tokio::process::Command::new(&launcher.program)
            .args(&launcher.arguments)
            .env_clear()
            .current_dir("/")
            // An interrupt at the terminal is the caller's to handle: it still needs its sandboxes for that.
            .process_group(0)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok((ours, keeper))
    };
    start().map_err(|source| Error::Io {
        context: format!(
            "starting {} as a sandbox's first process",
            launcher.program.display()
        ),
        source,
    })
}

/// How a command ended, by what is known inside and outside.
fn ending(status: Status, out_of_memory: bool, early: Option<Ending>, flooded: bool) -> Ending {
    if flooded {
        return Ending::ChannelFlooded;
    }
    if out_of_memory {
        return Ending::OutOfMemory;
    }
    early.unwrap_or(match status {
        Status::Exited(code) => Ending::Exited(code),
        Status::Signalled(signal) => Ending::Signalled(signal),
    })
}

fn refused(path: &Path, reason: String) -> Error {
    Error::File {
        path: path.to_path_buf(),
        reason,
    }
}
