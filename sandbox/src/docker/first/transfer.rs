//! Files in and out, by a process with a command's rights; whole folders for a build's result.

use std::ffi::OsString;
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use nix::sys::wait::waitpid;

use super::super::frames::Answer;
use super::First;
use super::caller::Pieces;
use crate::native::init::files::{self, Operation};
use crate::native::init::sweep::sweep;
use crate::native::pipes::{memory_file, sealed_file};

impl First {
    /// Writes a file.
    pub(crate) fn write(
        &mut self,
        path: &OsString,
        executable: bool,
        bytes: u64,
    ) -> io::Result<()> {
        let content = self.caller.take(bytes)?;
        let content = sealed_file(&content)?;
        let started = files::write(
            path,
            executable,
            vec![content.into()],
            &self.setup,
            &self.filter,
        );
        let answer = match finish(started)? {
            None => Answer::Done,
            Some(reason) => Answer::Refused { reason },
        };
        self.caller.say(&answer)
    }

    /// Sends a file.
    pub(crate) fn read(&mut self, path: &OsString, limit: u64) -> io::Result<()> {
        let mut content = memory_file()?;
        let into = content.try_clone()?;
        let started = files::read(path, limit, vec![into.into()], &self.setup, &self.filter);
        if let Some(reason) = finish(started)? {
            return self.caller.say(&Answer::Refused { reason });
        }
        content.rewind()?;
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes)?;
        self.caller.piece(&bytes)
    }

    /// Sends a folder as an archive, in pieces, and says when it is done. No command runs, so nothing changes
    /// under it; links are sent as links.
    pub(crate) fn collect(&mut self, path: &OsString) -> io::Result<()> {
        let pieces = Pieces {
            caller: &mut self.caller,
        };
        let mut archive = tar::Builder::new(io::BufWriter::with_capacity(64 << 10, pieces));
        archive.follow_symlinks(false);
        archive.mode(tar::HeaderMode::Complete);
        let outcome = archive
            .append_dir_all("", Path::new(path))
            .and_then(|()| archive.into_inner())
            .and_then(|mut writer| writer.flush());
        let answer = match outcome {
            Ok(()) => Answer::Done,
            Err(error) => Answer::Refused {
                reason: error.to_string(),
            },
        };
        self.caller.say(&answer)
    }
}

/// Waits for a file operation's end; why it failed.
fn finish(started: Result<Operation, String>) -> io::Result<Option<String>> {
    let operation = match started {
        Ok(operation) => operation,
        Err(reason) => return Ok(Some(reason)),
    };
    while waitpid(operation.child, None) == Err(nix::Error::EINTR) {}
    sweep(None)?;
    Ok(operation.complaint())
}
