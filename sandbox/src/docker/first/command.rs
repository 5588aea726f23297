//! Running a command to its end, or to what ends it.

use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::super::frames::{Answer, Bounds, Early, Ended, Kept};
use super::First;
use super::relay::{self, Relay};
use crate::Stream;
use crate::native::init::objects;
use crate::native::init::serve::cpu_micros;
use crate::native::init::spawn;
use crate::native::init::sweep::{sweep, sweep_for};
use crate::native::wire::{Exec, Status};

/// How often it is asked whether memory ran out.
const MEMORY_INTERVAL: Duration = Duration::from_millis(25);

/// The status of a command whose own was lost.
const KILLED: Status = Status::Signalled(Signal::SIGKILL as i32);

impl First {
    /// Runs a command, kills what it left, and reports.
    pub(crate) fn run(
        &mut self,
        exec: &Exec,
        stdin: u64,
        greeting: u64,
        bounds: Bounds,
    ) -> io::Result<()> {
        let stdin = self.caller.take(stdin)?;
        let greeting = self.caller.take(greeting)?;
        let greeting = exec.channel.then_some(greeting);
        let (theirs, mut relay) =
            relay::connect(&stdin, greeting, bounds.output_bytes, bounds.channel_bytes)?;
        drop(stdin);
        let (mark, cpu, began) = (self.memory.mark(), cpu_micros()?, Instant::now());
        let child = match spawn::start(exec, theirs, &self.setup, &self.filter) {
            Ok(child) => child,
            Err(reason) => {
                sweep(None)?;
                return self.caller.say(&Answer::NotStarted { reason });
            }
        };
        relay.open();
        let deadline = began + Duration::from_micros(bounds.wall_micros);
        let (status, early) = self.wait(child, &mut relay, deadline, mark)?;
        let late = sweep_for(child, None)?;
        objects::remove_all();
        let wall = began.elapsed();
        let flooded = relay.finish(&mut self.caller)?;
        let early = if flooded {
            Some(Early::Flood)
        } else if early.is_none() && self.memory.mark() != mark {
            Some(Early::Memory)
        } else {
            early
        };
        let [stdout, stderr] = relay.kept();
        let ended = Ended {
            status: status.or(late).unwrap_or(KILLED),
            early,
            wall_micros: u64::try_from(wall.as_micros()).unwrap_or(u64::MAX),
            cpu_micros: cpu_micros()?.saturating_sub(cpu),
            stdout: kept(&stdout),
            stderr: kept(&stderr),
        };
        self.caller.say(&Answer::Ended(ended))?;
        for part in [&stdout.head, &stdout.tail, &stderr.head, &stderr.tail] {
            self.caller.give(part)?;
        }
        Ok(())
    }

    /// Moves bytes until the command has ended or has to be killed.
    fn wait(
        &mut self,
        child: Pid,
        relay: &mut Relay,
        deadline: Instant,
        mark: u64,
    ) -> io::Result<(Option<Status>, Option<Early>)> {
        let mut look = Instant::now() + MEMORY_INTERVAL;
        loop {
            while self.children.read_signal()?.is_some() {}
            if let Some(status) = reap(child)? {
                return Ok((Some(status), None));
            }
            let now = Instant::now();
            if now >= deadline {
                return Ok((None, Some(Early::Deadline)));
            }
            if now >= look {
                if self.memory.ran_out(mark) {
                    return Ok((None, Some(Early::Memory)));
                }
                look = now + MEMORY_INTERVAL;
            }
            let ready = self.await_events(relay, look.min(deadline))?;
            if relay.pump(&ready, &mut self.caller)? {
                return Ok((None, Some(Early::Flood)));
            }
        }
    }

    /// Waits for something to move; which of the relay's descriptors are ready.
    fn await_events(&self, relay: &Relay, until: Instant) -> io::Result<Vec<bool>> {
        let interests = relay.interests();
        let mut polled = vec![
            PollFd::new(self.caller.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.children.as_fd(), PollFlags::POLLIN),
        ];
        polled.extend(
            interests
                .iter()
                .map(|(fd, wanted)| PollFd::new(*fd, *wanted)),
        );
        // Rounded up: a wait of no length would turn into a busy loop before the deadline.
        let wait = until.saturating_duration_since(Instant::now()) + Duration::from_millis(1);
        let timeout = PollTimeout::try_from(wait).map_err(io::Error::other)?;
        match poll(&mut polled, timeout) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut ready = polled.iter().map(|fd| fd.any().unwrap_or(false));
        // The caller never speaks while a command runs: it hung up.
        if ready.next() == Some(true) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(ready.skip(1).collect())
    }
}

/// Reaps all that have ended; the status of `child` if it is among them.
fn reap(child: Pid) -> io::Result<Option<Status>> {
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

fn kept(stream: &Stream) -> Kept {
    Kept {
        head: stream.head.len() as u64,
        tail: stream.tail.len() as u64,
        dropped: stream.dropped,
    }
}
