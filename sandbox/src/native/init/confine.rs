//! Giving up every right before untrusted code runs.

use std::io;

use nix::libc;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigSet, SigmaskHow, sigprocmask};
use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid, setsid};

use super::super::user::INNER_ID;
use super::super::wire::Setup;
use super::filter::Filter;

/// Makes this process one of the sandbox's user, without rights, and for good.
pub(crate) fn confine(setup: &Setup, filter: &Filter) -> Result<(), String> {
    own_session().map_err(|error| format!("making a session: {error}"))?;
    fresh_signals();
    limit(setup).map_err(|error| format!("setting limits: {error}"))?;
    first_to_be_killed();
    drop_bounding_set();
    drop_user(setup.user.privileged).map_err(|error| format!("changing the user: {error}"))?;
    drop_capabilities().map_err(|error| format!("dropping capabilities: {error}"))?;
    filter
        .apply()
        .map_err(|error| format!("filtering system calls: {error}"))
}

/// A session of its own: no terminal to control or to be controlled by.
fn own_session() -> nix::Result<()> {
    setsid().map(drop)
}

/// Default handling of every signal, none blocked.
fn fresh_signals() {
    for signal in 1..=libc::SIGRTMAX() {
        // SAFETY: restores a default; numbers that cannot be changed are refused without effect.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None);
}

/// Resource limits: those of a process, and the process count of the user, which the kernel keeps for each
/// user namespace apart.
fn limit(setup: &Setup) -> nix::Result<()> {
    let ceilings = &setup.ceilings;
    let mut limits = vec![
        (Resource::RLIMIT_NPROC, ceilings.processes),
        (Resource::RLIMIT_NOFILE, ceilings.open_files),
        (Resource::RLIMIT_FSIZE, ceilings.disk_bytes),
        (Resource::RLIMIT_CORE, 0),
        (Resource::RLIMIT_MEMLOCK, 64 << 10),
        (Resource::RLIMIT_MSGQUEUE, 0),
    ];
    if ceilings.watch_memory {
        // A backstop for what grows faster than the watch looks. Not the address space: runtimes reserve
        // much more of that than they use.
        limits.push((
            Resource::RLIMIT_DATA,
            ceilings.memory_bytes.saturating_mul(2),
        ));
    }
    for (resource, value) in limits {
        let (_, hard) = nix::sys::resource::getrlimit(resource)?;
        let value = value.min(hard);
        setrlimit(resource, value, value)?;
    }
    Ok(())
}

/// Has the kernel choose a command, never the first process, when memory runs out.
fn first_to_be_killed() {
    // The first process hides from all others, and a hidden process's files in /proc are root's. Nothing
    // else runs in the sandbox at this moment, and executing the program ends the hiding anyway.
    // SAFETY: prctl with these constants changes only this process's own setting.
    unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 1, 0, 0, 0) };
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
}

fn drop_bounding_set() {
    for capability in 0..64 {
        // SAFETY: drops one capability of this process; numbers that do not exist are refused.
        unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) };
    }
    // SAFETY: as above, for the ambient set.
    unsafe {
        libc::prctl(
            libc::PR_CAP_AMBIENT,
            libc::PR_CAP_AMBIENT_CLEAR_ALL,
            0,
            0,
            0,
        )
    };
}

/// Takes on the sandbox's user and group. Group lists cannot be changed in an ordinary user's namespace: the
/// caller's groups stay there, but nothing that they own can be seen inside.
fn drop_user(privileged: bool) -> nix::Result<()> {
    if privileged {
        setgroups(&[])?;
    }
    let (user, group) = (Uid::from_raw(INNER_ID), Gid::from_raw(INNER_ID));
    setresgid(group, group, group)?;
    setresuid(user, user, user)
}

fn drop_capabilities() -> io::Result<()> {
    #[repr(C)]
    struct Header {
        version: u32,
        pid: i32,
    }
    #[repr(C)]
    #[derive(Clone, Copy)]
    struct Sets {
        effective: u32,
        permitted: u32,
        inheritable: u32,
    }
    const VERSION_3: u32 = 0x2008_0522;
    let header = Header {
        version: VERSION_3,
        pid: 0,
    };
    let none = [Sets {
        effective: 0,
        permitted: 0,
        inheritable: 0,
    }; 2];
    // SAFETY: header and sets have the layout of version 3 and live through the call.
    let result = unsafe { libc::syscall(libc::SYS_capset, &raw const header, none.as_ptr()) };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
