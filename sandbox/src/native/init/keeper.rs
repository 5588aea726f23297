//! The process between the caller and a sandbox: makes the namespaces and cleans up after them.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use nix::libc;
use nix::sys::wait::waitpid;
use nix::unistd::Pid;

use super::super::user::{HostUser, INNER_ID};
use super::super::wire::{self, Reply, Setup};
use super::removal::remove_tree;
use super::{Failure, Step, root, serve};

/// The step at which a machine without user namespaces fails.
pub(crate) const NAMESPACES: &str = "making namespaces";

/// Becomes a sandbox's keeper; standard input is the socket to the caller. Never returns.
pub(crate) fn main() -> ! {
    let code = match control_socket().map(keep) {
        Ok(Ok(())) => 0,
        _ => 1,
    };
    std::process::exit(code)
}

/// Moves the socket away from standard input, which then reads as empty.
fn control_socket() -> io::Result<UnixStream> {
    // SAFETY: dup and dup2 act on descriptors by number; the new one belongs to nobody else.
    let socket = unsafe {
        let moved = libc::fcntl(0, libc::F_DUPFD_CLOEXEC, 16);
        if moved < 0 {
            return Err(io::Error::last_os_error());
        }
        OwnedFd::from_raw_fd(moved)
    };
    let null = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/null")?;
    // SAFETY: as above; standard input stays open, as /dev/null.
    if unsafe { libc::dup2(null.as_raw_fd(), 0) } < 0 {
        return Err(io::Error::last_os_error());
    }
    drop(null);
    close_others(socket.as_raw_fd())?;
    Ok(UnixStream::from(socket))
}

/// Closes whatever else the caller left open across `exec`, perhaps without knowing: none of it may get into
/// a sandbox.
fn close_others(kept: RawFd) -> io::Result<()> {
    let close = |first: RawFd, last: u32| {
        // SAFETY: this process has only just begun, and nothing in it uses any of these.
        let result = unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
        if result == 0 {
            Ok(())
        } else {
            Err(io::Error::last_os_error())
        }
    };
    close(3, kept.cast_unsigned() - 1)?;
    close(kept + 1, u32::MAX)
}

/// Starts the sandbox's first process and stays until it is gone.
fn keep(control: UnixStream) -> io::Result<()> {
    let Some((setup, seeds)) = wire::receive::<Setup>(&control)? else {
        return Ok(());
    };
    let cleanup = Cleanup {
        groups: setup.groups.clone(),
        leftovers: setup.leftovers.clone(),
    };
    match launch(&control, &setup, seeds) {
        Ok(first) => {
            drop(control);
            while waitpid(first, None) == Err(nix::Error::EINTR) {}
        }
        Err(Failure { step, reason }) => {
            wire::send(&control, &Reply::Failed { step, reason }, &[])?;
        }
    }
    cleanup.run();
    Ok(())
}

/// Clones the first process and lets it go once its ids are mapped and its limits are in force.
fn launch(control: &UnixStream, setup: &Setup, seeds: Vec<OwnedFd>) -> Result<Pid, Failure> {
    let (mut go, mut tell_go) = io::pipe().step(|| "making a pipe".into())?;
    let first = clone_first(setup.network).step(|| NAMESPACES.into())?;
    let Some(first) = first else {
        drop(tell_go);
        die_with_keeper();
        // Ends quietly when the keeper could not finish its part: it has reported why.
        if go.read_exact(&mut [0]).is_err() {
            std::process::exit(1);
        }
        first_process(control, setup, seeds)
    };
    drop(go);
    map_ids(first, setup.user)?;
    for group in &setup.groups {
        let file = Path::new(group).join("cgroup.procs");
        fs::write(&file, first.to_string())
            .step(|| format!("entering the control group {}", file.display()))?;
    }
    tell_go
        .write_all(&[1])
        .step(|| "starting the first process".into())?;
    Ok(first)
}

/// The clone's life: build the place, report, serve.
fn first_process(control: &UnixStream, setup: &Setup, mut seeds: Vec<OwnedFd>) -> ! {
    let seed = if setup.seeded { seeds.pop() } else { None };
    let code = match root::build(setup, seed) {
        Ok(state) => serve::serve(control, setup, state),
        Err(Failure { step, reason }) => wire::send(control, &Reply::Failed { step, reason }, &[]),
    };
    std::process::exit(i32::from(code.is_err()))
}

/// Clones this process into new namespaces: `None` in the clone.
fn clone_first(share_network: bool) -> io::Result<Option<Pid>> {
    let mut flags = libc::CLONE_NEWUSER
        | libc::CLONE_NEWNS
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUTS
        | libc::SIGCHLD;
    if !share_network {
        flags |= libc::CLONE_NEWNET;
    }
    // SAFETY: without a stack of its own and without CLONE_VM the clone is a fork; the keeper has one
    // thread, so no lock is held by another one at this moment.
    let pid = unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) };
    match pid {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(None),
        pid => Ok(i32::try_from(pid).ok().map(Pid::from_raw)),
    }
}

/// Has the kernel kill this process when the keeper dies. (The caller's threads come and go, so the keeper
/// cannot use this for itself; it and the first process notice the caller's end by the closed socket.)
fn die_with_keeper() {
    // SAFETY: prctl with these constants changes only this process's own setting.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0) };
}

/// Maps the commands' id, and for a privileged caller also id 0 for the set-up.
fn map_ids(first: Pid, user: HostUser) -> Result<(), Failure> {
    let write = |file: &str, content: &str| {
        fs::write(format!("/proc/{first}/{file}"), content).step(|| format!("writing {file}"))
    };
    let map = |id: u32| {
        let own = format!("{INNER_ID} {id} 1\n");
        if user.privileged {
            format!("0 0 1\n{own}")
        } else {
            own
        }
    };
    if !user.privileged {
        write("setgroups", "deny")?;
    }
    write("uid_map", &map(user.uid))?;
    write("gid_map", &map(user.gid))
}

/// What has to be removed when the sandbox is gone.
struct Cleanup {
    groups: Vec<OsString>,
    leftovers: Vec<OsString>,
}

impl Cleanup {
    fn run(&self) {
        for group in &self.groups {
            remove_group(Path::new(group));
        }
        for folder in &self.leftovers {
            remove_tree(Path::new(folder));
        }
    }
}

/// Removes a control group; the kernel needs a moment to see that its last process is gone.
pub(crate) fn remove_group(group: &Path) {
    for _ in 0..100 {
        match fs::remove_dir(group) {
            Err(error) if error.raw_os_error() == Some(libc::EBUSY) => {
                std::thread::sleep(Duration::from_millis(2));
            }
            _ => return,
        }
    }
}
