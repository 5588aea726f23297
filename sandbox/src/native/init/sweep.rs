//! Ending every process that a command left, whatever it did to hide one.

use std::fs;
use std::io;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::super::wire::Status;

/// How often the process table is gone through for what a template must be spared from. Processes that make
/// others faster than that are ended together with the template.
const PASSES: usize = 200;

/// Time for what was killed to end, between two passes.
const PAUSE: Duration = Duration::from_millis(1);

/// Kills and reaps every other process of the sandbox but the one to be spared.
pub(crate) fn sweep(spared: Option<Pid>) -> io::Result<()> {
    sweep_for(Pid::from_raw(0), spared).map(drop)
}

/// Kills and reaps every other process of the sandbox; the status of `child` if it was among them.
pub(crate) fn sweep_for(child: Pid, spared: Option<Pid>) -> io::Result<Option<Status>> {
    let mut found = None;
    if let Some(spared) = spared {
        for _ in 0..PASSES {
            let left = kill_all_but(spared)?;
            reap(child, &mut found)?;
            if left == 0 {
                return Ok(found);
            }
            std::thread::sleep(PAUSE);
        }
    }
    kill_all(child, found)
}

/// One signal to all is enough: the kernel lets no process with a pending SIGKILL make another.
fn kill_all(child: Pid, mut found: Option<Status>) -> io::Result<Option<Status>> {
    loop {
        match kill(Pid::from_raw(-1), Signal::SIGKILL) {
            Ok(()) | Err(Errno::ESRCH) => {}
            Err(error) => return Err(error.into()),
        }
        match waitpid(None, None) {
            Ok(ended) => note(child, ended, &mut found),
            Err(Errno::EINTR) => {}
            Err(Errno::ECHILD) => return Ok(found),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Signals every process in the table but this one and the spared one; how many there were.
fn kill_all_but(spared: Pid) -> io::Result<usize> {
    let mut left = 0;
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let pid = Pid::from_raw(pid);
        if pid == Pid::this() || pid == spared || has_ended(pid) {
            continue;
        }
        match kill(pid, Signal::SIGKILL) {
            Ok(()) => left += 1,
            Err(Errno::ESRCH) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(left)
}

/// Whether a process only waits for its parent, the template, to take note of its end.
fn has_ended(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name, which may hold anything, is in parentheses; the state follows.
    let state = stat
        .rsplit_once(") ")
        .map(|(_, rest)| rest.as_bytes().first());
    matches!(state, Some(Some(b'Z' | b'X')))
}

/// Takes the status of every child that has ended.
fn reap(child: Pid, found: &mut Option<Status>) -> io::Result<()> {
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) | Err(Errno::ECHILD) => return Ok(()),
            Ok(ended) => note(child, ended, found),
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn note(child: Pid, ended: WaitStatus, found: &mut Option<Status>) {
    match ended {
        WaitStatus::Exited(pid, code) if pid == child => *found = Some(Status::Exited(code)),
        WaitStatus::Signaled(pid, signal, _) if pid == child => {
            *found = Some(Status::Signalled(signal as i32));
        }
        _ => {}
    }
}
