//! The first process's side of the conversation.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use nix::libc;

use super::super::frames::{Answer, Ask};
use crate::native::wire;

/// Where the standard descriptors are moved to: above whatever a command is given.
const ABOVE: i32 = 16;

/// Bytes moved at a time.
const CHUNK: usize = 64 << 10;

/// Standard input and output, under numbers that no command inherits.
pub(crate) struct Caller {
    input: File,
    output: File,
}

impl Caller {
    /// Moves the standard descriptors away and leaves `/dev/null` in their place.
    pub(crate) fn take_over() -> io::Result<Self> {
        let input = move_up(0)?;
        let output = move_up(1)?;
        let null = OpenOptions::new()
            .read(true)
            .write(true)
            .open("/dev/null")?;
        for standard in 0..=2 {
            // SAFETY: this process has only just begun: nothing else uses these numbers.
            if unsafe { libc::dup2(null.as_raw_fd(), standard) } < 0 {
                return Err(io::Error::last_os_error());
            }
        }
        Ok(Self { input, output })
    }

    /// Waits for the next request; `None` when the caller is gone.
    pub(crate) fn hear(&mut self) -> io::Result<Option<Ask>> {
        let mut header = [0; 4];
        match self.input.read_exact(&mut header) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            other => other?,
        }
        let mut body = vec![0; wire::frame_length(header)?];
        self.input.read_exact(&mut body)?;
        wire::parse(&body).map(Some)
    }

    /// The bytes that follow a request.
    pub(crate) fn take(&mut self, bytes: u64) -> io::Result<Vec<u8>> {
        let mut taken = Vec::new();
        self.reader(bytes).read_to_end(&mut taken)?;
        if taken.len() as u64 == bytes {
            Ok(taken)
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }

    /// The bytes that follow a request, as they come.
    pub(crate) fn reader(&mut self, bytes: u64) -> io::Take<&mut File> {
        Read::take(&mut self.input, bytes)
    }

    /// Answers.
    pub(crate) fn say(&mut self, answer: &Answer) -> io::Result<()> {
        let frame = wire::frame(answer)?;
        self.output.write_all(&frame)
    }

    /// Sends the bytes that an answer announced.
    pub(crate) fn give(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.output.write_all(bytes)
    }

    /// Sends bytes with their announcement.
    pub(crate) fn piece(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.say(&Answer::Piece {
            bytes: bytes.len() as u64,
        })?;
        self.give(bytes)
    }

    /// Whether the caller hung up (or spoke out of turn, which it never does) while a command runs.
    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.input.as_fd()
    }
}

/// A writer that sends what it is given as pieces.
pub(crate) struct Pieces<'a> {
    pub(crate) caller: &'a mut Caller,
}

impl Write for Pieces<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let some = &bytes[..bytes.len().min(CHUNK)];
        self.caller.piece(some)?;
        Ok(some.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn move_up(descriptor: i32) -> io::Result<File> {
    // SAFETY: duplicates by number; the new descriptor belongs to nobody else.
    unsafe {
        let moved = libc::fcntl(descriptor, libc::F_DUPFD_CLOEXEC, ABOVE);
        if moved < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(File::from(OwnedFd::from_raw_fd(moved)))
    }
}
