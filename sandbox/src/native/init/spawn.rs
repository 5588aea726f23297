//! Starting a command: a fork of the first process that gives up everything and executes the program.

use std::ffi::{CString, OsStr, OsString};
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use nix::libc;
use nix::unistd::{ForkResult, Pid, chdir, execve, fork};

use super::super::wire::{Exec, Setup};
use super::confine;
use super::filter::Filter;

/// The descriptor that carries the record channel in the started program.
const CHANNEL: RawFd = 3;

/// Where programs are looked for when the environment does not say.
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Starts a command; an error says why it could not be.
pub(crate) fn start(
    exec: &Exec,
    descriptors: Vec<OwnedFd>,
    setup: &Setup,
    filter: &Filter,
) -> Result<Pid, String> {
    let expected = if exec.channel { 4 } else { 3 };
    if descriptors.len() != expected {
        return Err(format!(
            "{} descriptors came, not {expected}",
            descriptors.len()
        ));
    }
    let plan = Plan::new(exec)?;
    let (child, mut complaint) = fork_complaining(|complaint| {
        let problem = become_command(&plan, &descriptors, setup, filter);
        let _ = (&*complaint).write_all(problem.as_bytes());
    })?;
    drop(descriptors);
    let mut reason = String::new();
    // The pipe closes by itself when the program takes over.
    let _ = complaint.read_to_string(&mut reason);
    if reason.is_empty() {
        Ok(child)
    } else {
        Err(reason)
    }
}

/// Forks a process that runs `work` and ends; what it writes to the pipe it is given can be read here.
pub(crate) fn fork_complaining(
    work: impl FnOnce(&PipeWriter),
) -> Result<(Pid, PipeReader), String> {
    let (reader, writer) = io::pipe().map_err(|error| format!("making a pipe: {error}"))?;
    // SAFETY: this process has one thread, so the child may do whatever the parent might.
    match unsafe { fork() } {
        Ok(ForkResult::Child) => {
            work(&writer);
            // SAFETY: ends the process without running anything of the parent's.
            unsafe { libc::_exit(127) }
        }
        Ok(ForkResult::Parent { child }) => Ok((child, reader)),
        Err(error) => Err(format!("forking: {error}")),
    }
}

/// A command in the form the system calls want.
struct Plan {
    arguments: Vec<CString>,
    environment: Vec<CString>,
    directory: CString,
    candidates: Vec<CString>,
}

impl Plan {
    fn new(exec: &Exec) -> Result<Self, String> {
        let Some(program) = exec.argv.first() else {
            return Err("the command has no words".into());
        };
        let mut environment = Vec::new();
        for (name, value) in &exec.variables {
            let name = name.as_bytes();
            if name.is_empty() || name.contains(&b'=') {
                return Err(format!(
                    "`{}` cannot name a variable",
                    OsStr::from_bytes(name).display()
                ));
            }
            environment.push(c_string(&[name, b"=", value.as_bytes()].concat())?);
        }
        let path = exec.variables.iter().find(|(name, _)| name == "PATH");
        let path = path.map_or(OsStr::new(DEFAULT_PATH), |(_, value)| value);
        Ok(Self {
            arguments: exec
                .argv
                .iter()
                .map(|word| c_string(word.as_bytes()))
                .collect::<Result<_, _>>()?,
            environment,
            directory: c_string(exec.directory.as_bytes())?,
            candidates: candidates(program, path)?,
        })
    }
}

/// The files that a program's name may mean, in order.
fn candidates(program: &OsString, path: &OsStr) -> Result<Vec<CString>, String> {
    let program = program.as_bytes();
    if program.contains(&b'/') {
        return Ok(vec![c_string(program)?]);
    }
    if program.is_empty() {
        return Err("the program has no name".into());
    }
    path.as_bytes()
        .split(|byte| *byte == b':')
        .map(|folder| if folder.is_empty() { b"." } else { folder })
        .map(|folder| c_string(&[folder, b"/", program].concat()))
        .collect()
}

fn c_string(bytes: &[u8]) -> Result<CString, String> {
    CString::new(bytes).map_err(|_| "a word of the command contains a NUL byte".into())
}

/// Turns the forked process into the command. Only returns to say why it could not.
fn become_command(plan: &Plan, descriptors: &[OwnedFd], setup: &Setup, filter: &Filter) -> String {
    let steps = || -> Result<(), String> {
        place_descriptors(descriptors).map_err(|error| format!("placing descriptors: {error}"))?;
        confine::confine(setup, filter)?;
        chdir(plan.directory.as_c_str())
            .map_err(|error| format!("entering {}: {error}", plan.directory.to_string_lossy()))
    };
    match steps() {
        Ok(()) => execute(plan),
        Err(problem) => problem,
    }
}

/// Puts input, output, error and the channel where the program looks for them, open across `exec`.
fn place_descriptors(descriptors: &[OwnedFd]) -> io::Result<()> {
    // Out of the way first, so that no target number is also a source.
    let mut moved = Vec::new();
    for descriptor in descriptors {
        // SAFETY: duplicates a descriptor that we own.
        let copy =
            unsafe { libc::fcntl(descriptor.as_raw_fd(), libc::F_DUPFD_CLOEXEC, CHANNEL + 1) };
        if copy < 0 {
            return Err(io::Error::last_os_error());
        }
        moved.push(copy);
    }
    for (target, source) in (0..).zip(moved) {
        // SAFETY: the target numbers are the command's from here on; nothing of ours in this process uses
        // them afterwards.
        if unsafe { libc::dup2(source, target) } < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Executes the first candidate that can be.
fn execute(plan: &Plan) -> String {
    let mut last = Errno::ENOENT;
    for candidate in &plan.candidates {
        let Err(error) = execve(candidate, &plan.arguments, &plan.environment);
        match error {
            Errno::ENOENT | Errno::ENOTDIR => {}
            Errno::EACCES => last = error,
            other => return other.desc().into(),
        }
    }
    match last {
        Errno::ENOENT if plan.candidates.len() > 1 => "there is no such program in PATH".into(),
        other => other.desc().into(),
    }
}
