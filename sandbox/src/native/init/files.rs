//! Writing and reading files as the sandbox's user: in a process that has given up its rights, so that
//! whatever links and mounts it meets lead no further than a command could go.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use nix::libc;
use nix::unistd::Pid;

use super::super::wire::Setup;
use super::confine;
use super::filter::Filter;
use super::serve::take;
use super::spawn::fork_complaining;

/// A file operation at work in a process of its own.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) child: Pid,
    complaint: io::PipeReader,
}

/// What an operation that went well says at its end.
const SUCCESS: &str = "done";

impl Operation {
    /// Why it failed, when it has ended.
    pub(crate) fn complaint(mut self) -> Option<String> {
        let mut text = String::new();
        let _ = self.complaint.read_to_string(&mut text);
        match text.as_str() {
            SUCCESS => None,
            "" => Some("the process that tried was killed".into()),
            _ => Some(text),
        }
    }
}

/// Writes the attached descriptor's bytes into a file.
pub(crate) fn write(
    path: &OsString,
    executable: bool,
    descriptors: Vec<OwnedFd>,
    setup: &Setup,
    filter: &Filter,
) -> Result<Operation, String> {
    let [content] = take::<1>(descriptors)?;
    run(setup, filter, || {
        replace(Path::new(path), &mut File::from(content), executable)
    })
}

/// Copies a file's bytes, at most `limit` and one, into the attached descriptor.
pub(crate) fn read(
    path: &OsString,
    limit: u64,
    descriptors: Vec<OwnedFd>,
    setup: &Setup,
    filter: &Filter,
) -> Result<Operation, String> {
    let [into] = take::<1>(descriptors)?;
    run(setup, filter, || {
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
            .open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        io::copy(
            &mut file.take(limit.saturating_add(1)),
            &mut File::from(into),
        )
        .map(drop)
    })
}

fn run(
    setup: &Setup,
    filter: &Filter,
    work: impl FnOnce() -> io::Result<()>,
) -> Result<Operation, String> {
    let (child, complaint) = fork_complaining(|pipe| {
        let outcome = confine::confine(setup, filter)
            .map(|()| fail_at_the_largest_size())
            .and_then(|()| work().map_err(|error| error.to_string()));
        let text = outcome.err().unwrap_or_else(|| SUCCESS.into());
        let _ = (&*pipe).write_all(text.as_bytes());
    })?;
    Ok(Operation { child, complaint })
}

/// A file that grows too large is an error, not the end of the process: there is a half-written one to remove.
fn fail_at_the_largest_size() {
    // SAFETY: changes how this process takes one signal.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
}

/// Puts a new file in the place of whatever was there: a link in that place is replaced, not followed, and
/// nobody sees a half-written file.
fn replace(path: &Path, content: &mut File, executable: bool) -> io::Result<()> {
    let folder = path
        .parent()
        .ok_or_else(|| io::Error::other("it is not a file's path"))?;
    fs::create_dir_all(folder)?;
    let (passing, mut file) = make_passing_file(folder)?;
    let written = io::copy(content, &mut file)
        .and_then(|_| {
            let mode = if executable { 0o755 } else { 0o644 };
            file.set_permissions(Permissions::from_mode(mode))
        })
        .and_then(|()| fs::rename(&passing, path));
    if written.is_err() {
        let _ = fs::remove_file(&passing);
    }
    written
}

/// Makes a new file beside the one to be, under a name that is free.
fn make_passing_file(folder: &Path) -> io::Result<(std::path::PathBuf, File)> {
    for attempt in 0..1000 {
        let passing = folder.join(format!(".swemill-writing-{attempt}"));
        let made = OpenOptions::new()
            .write(true)
            .create_new(true)
            .custom_flags(libc::O_NOFOLLOW)
            .open(&passing);
        match made {
            Ok(file) => return Ok((passing, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}
