//! What runs inside: the first process of a container.
//!
//! It is this very program, brought along in the image, started as the user that commands run as and without a
//! single capability. Commands are its children, so it can kill and reap whatever they leave, and they can do
//! nothing to it: signals to the first process of a namespace need its consent, and since it is not dumpable its
//! memory and descriptors are root's in `/proc`. It ends when its caller is gone, and the container with it.
//!
//! Reading order: [`caller`] what it hears and says, [`place`] getting the trees ready, [`command`] running
//! one, [`relay`] what a command is connected to, [`memory`] noticing that memory ran out, [`transfer`] files.

mod caller;
mod command;
mod memory;
mod place;
mod relay;
mod transfer;

use std::io;

use nix::libc;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use super::frames::{Answer, Ask, Start};
use crate::native::init::filter::Filter;
use crate::native::user::{HostUser, INNER_ID};
use crate::native::wire::Setup;
use caller::Caller;
use memory::Memory;

/// Becomes the first process of a container; its caller is at standard input and output. Never returns.
pub(crate) fn main() -> ! {
    // From here on no other process may look into this one, whoever it runs as.
    // SAFETY: prctl and umask with these constants change only this process's own settings.
    unsafe {
        libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0);
        libc::umask(0o022);
    }
    let code = Caller::take_over().and_then(serve);
    std::process::exit(i32::from(code.is_err()))
}

/// What every operation needs.
struct First {
    caller: Caller,
    setup: Setup,
    filter: Filter,
    memory: Memory,
    /// Tells that a child ended.
    children: SignalFd,
}

/// Gets the place ready and answers until the caller is gone.
fn serve(mut caller: Caller) -> io::Result<()> {
    let Some(Ask::Start(start)) = caller.hear()? else {
        return Err(io::Error::other("the first request is not a start"));
    };
    if let Err(failure) = place::fill(&start, &mut caller) {
        return caller.say(&Answer::Failed {
            step: failure.step,
            reason: failure.reason,
        });
    }
    let mut first = First::new(caller, start)?;
    first.caller.say(&Answer::Ready)?;
    while let Some(ask) = first.caller.hear()? {
        match ask {
            Ask::Start(_) => return Err(io::Error::other("a second start")),
            Ask::Exec {
                exec,
                stdin,
                greeting,
                bounds,
            } => first.run(&exec, stdin, greeting, bounds)?,
            Ask::Write {
                path,
                executable,
                bytes,
            } => first.write(&path, executable, bytes)?,
            Ask::Read { path, limit } => first.read(&path, limit)?,
            Ask::Collect { path } => first.collect(&path)?,
        }
    }
    Ok(())
}

impl First {
    fn new(caller: Caller, start: Start) -> io::Result<Self> {
        let mut ceilings = start.ceilings;
        // The kernel counts a user's processes over all containers: here only the container's own ceiling is
        // right.
        ceilings.processes = u64::MAX;
        let memory = Memory::find(&mut ceilings);
        let mut signals = SigSet::empty();
        signals.add(Signal::SIGCHLD);
        signals.thread_block()?;
        let filter = Filter::compile(ceilings.watch_memory).map_err(io::Error::other)?;
        let user = HostUser {
            uid: INNER_ID,
            gid: INNER_ID,
            privileged: false,
        };
        Ok(Self {
            caller,
            setup: Setup {
                trees: Vec::new(),
                mounts: Vec::new(),
                network: false,
                user,
                working_directory: "/".into(),
                ceilings,
                groups: Vec::new(),
                leftovers: Vec::new(),
                seeded: false,
                renewable: false,
            },
            filter,
            memory,
            children: SignalFd::with_flags(
                &signals,
                SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK,
            )?,
        })
    }
}
