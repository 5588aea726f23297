//! The first process's life after the place is built: it answers requests until the caller is gone.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::time::TimeValLike;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::super::wire::{self, Reply, Request, Setup, Status};
use super::filter::Filter;
use super::root::State;
use super::sweep::{sweep, sweep_for};
use super::{Failure, files, memory, objects, renew, spawn};

/// How often the memory of a command is added up where no control group does.
const WATCH_INTERVAL: Duration = Duration::from_millis(20);

/// Reports that the place is ready and serves requests until the caller closes the socket. Returning ends
/// the process, and with it everything in the sandbox.
pub(crate) fn serve(control: &UnixStream, setup: &Setup, mut state: State) -> io::Result<()> {
    let mut children = SigSet::empty();
    children.add(Signal::SIGCHLD);
    children.thread_block()?;
    let mut server = Server {
        control,
        setup,
        template: None,
        filter: Filter::compile(setup.ceilings.watch_memory).map_err(io::Error::other)?,
        signals: SignalFd::with_flags(&children, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?,
    };
    wire::send(control, &Reply::Ready, &[])?;
    while let Some((request, descriptors)) = wire::receive::<Request>(control)? {
        match request {
            Request::Exec(exec) => {
                server.finish(spawn::start(&exec, descriptors, setup, &server.filter))?;
            }
            Request::Write { path, executable } => {
                let child = files::write(&path, executable, descriptors, setup, &server.filter);
                server.finish_file(child)?;
            }
            Request::Read { path, limit } => {
                let child = files::read(&path, limit, descriptors, setup, &server.filter);
                server.finish_file(child)?;
            }
            Request::Share => {
                wire::send(control, &Reply::Shared, &[state.folder.as_fd()])?;
            }
            Request::Start(exec) => {
                server.start_template(spawn::start(&exec, descriptors, setup, &server.filter))?;
            }
            Request::Renew => {
                let reply = match renew::renew(&mut state, setup) {
                    Ok(()) => Reply::Done,
                    Err(Failure { step, reason }) => Reply::Refused {
                        reason: format!("{step}: {reason}"),
                    },
                };
                wire::send(control, &reply, &[])?;
            }
            Request::Adopt { pid } => server.finish(Ok(Pid::from_raw(pid)))?,
            // The command that this was meant for ended by itself a moment ago.
            Request::Kill => {}
        }
    }
    Ok(())
}

/// The status of a command whose own was lost.
const KILLED: Status = Status::Signalled(Signal::SIGKILL as i32);

struct Server<'a> {
    control: &'a UnixStream,
    setup: &'a Setup,
    filter: Filter,
    signals: SignalFd,
    /// A process that stays from one operation to the next.
    template: Option<Pid>,
}

impl Server<'_> {
    /// Waits for a command's end, removes all that it left running, and reports.
    fn finish(&self, child: Result<Pid, String>) -> io::Result<()> {
        let child = match child {
            Ok(child) => child,
            Err(reason) => {
                sweep(self.template)?;
                return wire::send(self.control, &Reply::NotStarted { reason }, &[]);
            }
        };
        let before = cpu_micros()?;
        let (status, out_of_memory) = self.wait(child)?;
        let late = sweep_for(child, self.template)?;
        objects::remove_all();
        let reply = Reply::Ended {
            status: status.or(late).unwrap_or(KILLED),
            cpu_micros: cpu_micros()?.saturating_sub(before),
            out_of_memory,
        };
        wire::send(self.control, &reply, &[])
    }

    /// Keeps a process that was started, for its copies to be run.
    fn start_template(&mut self, child: Result<Pid, String>) -> io::Result<()> {
        let reply = match child {
            Ok(child) => {
                self.template = Some(child);
                Reply::Started
            }
            Err(reason) => Reply::NotStarted { reason },
        };
        wire::send(self.control, &reply, &[])
    }

    /// Waits for the end of a file operation, which speaks through the pipe that came with it.
    fn finish_file(&self, operation: Result<files::Operation, String>) -> io::Result<()> {
        let reply = match operation {
            Ok(operation) => {
                self.wait(operation.child)?;
                sweep(self.template)?;
                match operation.complaint() {
                    None => Reply::Done,
                    Some(reason) => Reply::Refused { reason },
                }
            }
            Err(reason) => Reply::Refused { reason },
        };
        wire::send(self.control, &reply, &[])
    }

    /// Reaps everything until the given child has ended or has to be killed.
    fn wait(&self, child: Pid) -> io::Result<(Option<Status>, bool)> {
        loop {
            if let Some(status) = self.reap(child)? {
                return Ok((Some(status), false));
            }
            let [asked, _] = self.await_events([self.control.as_fd(), self.signals.as_fd()])?;
            while self.signals.read_signal()?.is_some() {}
            if asked {
                match wire::receive::<Request>(self.control)? {
                    Some((Request::Kill, _)) => return Ok((None, false)),
                    Some(_) => return Err(io::Error::other("a request came before its turn")),
                    None => return Err(io::ErrorKind::UnexpectedEof.into()),
                }
            }
            if self.setup.ceilings.watch_memory && memory::exceeds(self.setup.ceilings.memory_bytes)
            {
                return Ok((None, true));
            }
        }
    }

    /// Reaps all that have ended; the status of `child` if it is among them.
    #[expect(clippy::unused_self, reason = "reads as one of the server's steps")]
    fn reap(&self, child: Pid) -> io::Result<Option<Status>> {
        loop {
            match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(pid, code)) if pid == child => {
                    return Ok(Some(Status::Exited(code)));
                }
                Ok(WaitStatus::Signaled(pid, signal, _)) if pid == child => {
                    return Ok(Some(Status::Signalled(signal as i32)));
                }
                Ok(WaitStatus::StillAlive) => return Ok(None),
                Ok(_) | Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Waits until one of the descriptors can be read, or the memory has to be looked at.
    fn await_events(&self, descriptors: [BorrowedFd<'_>; 2]) -> io::Result<[bool; 2]> {
        let timeout = if self.setup.ceilings.watch_memory {
            PollTimeout::try_from(WATCH_INTERVAL).map_err(io::Error::other)?
        } else {
            PollTimeout::NONE
        };
        let mut polled = descriptors.map(|fd| PollFd::new(fd, PollFlags::POLLIN));
        match poll(&mut polled, timeout) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(polled.map(|fd| fd.any().unwrap_or(false)))
    }
}

/// User and system time of all reaped children and theirs.
pub(crate) fn cpu_micros() -> io::Result<u64> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(u64::try_from(micros).unwrap_or(0))
}

/// Descriptors in the order a request names them.
pub(crate) fn take<const N: usize>(descriptors: Vec<OwnedFd>) -> Result<[OwnedFd; N], String> {
    <[OwnedFd; N]>::try_from(descriptors)
        .map_err(|got| format!("{} descriptors came with the request, not {N}", got.len()))
}
