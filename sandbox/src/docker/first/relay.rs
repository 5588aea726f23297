//! What a command is connected to, inside the container: its input in memory, pipes for its output, a socket for
//! its records, which are passed on as they come.

use std::fs::File;
use std::io::{self, PipeReader, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use nix::poll::PollFlags;

use super::caller::Caller;
use crate::native::output::Collector;
use crate::native::pipes::sealed_file;

/// Bytes read at a time.
const CHUNK: usize = 16 << 10;

/// Both ends of everything.
pub(crate) struct Relay {
    stdout: Tap<PipeReader>,
    stderr: Tap<PipeReader>,
    channel: Option<Channel>,
}

/// An output stream, until its end.
struct Tap<S> {
    source: Option<S>,
    kept: Collector,
}

/// The record channel.
struct Channel {
    socket: Option<UnixStream>,
    greeting: Vec<u8>,
    greeted: usize,
    passed: usize,
    limit: usize,
}

/// The ends that a command gets, and ours.
pub(crate) fn connect(
    stdin: &[u8],
    greeting: Option<Vec<u8>>,
    output_bytes: usize,
    channel_bytes: usize,
) -> io::Result<(Vec<OwnedFd>, Relay)> {
    let stdin = if stdin.is_empty() {
        File::open("/dev/null")?
    } else {
        sealed_file(stdin)?
    };
    let (stdout, stdout_end) = io::pipe()?;
    let (stderr, stderr_end) = io::pipe()?;
    let mut theirs: Vec<OwnedFd> = vec![stdin.into(), stdout_end.into(), stderr_end.into()];
    let channel = match greeting {
        None => None,
        Some(greeting) => {
            let (ours, end) = UnixStream::pair()?;
            ours.set_nonblocking(true)?;
            theirs.push(end.into());
            Some(Channel {
                socket: Some(ours),
                greeting,
                greeted: 0,
                passed: 0,
                limit: channel_bytes,
            })
        }
    };
    let tap = |source| Tap {
        source: Some(source),
        kept: Collector::new(output_bytes),
    };
    let relay = Relay {
        stdout: tap(stdout),
        stderr: tap(stderr),
        channel,
    };
    Ok((theirs, relay))
}

impl Relay {
    /// The open descriptors and what each waits for.
    pub(crate) fn interests(&self) -> Vec<(BorrowedFd<'_>, PollFlags)> {
        let mut all = Vec::new();
        for tap in [&self.stdout, &self.stderr] {
            all.extend(
                tap.source
                    .as_ref()
                    .map(|pipe| (pipe.as_fd(), PollFlags::POLLIN)),
            );
        }
        if let Some(channel) = &self.channel
            && let Some(socket) = &channel.socket
        {
            let mut wanted = PollFlags::POLLIN;
            wanted.set(PollFlags::POLLOUT, channel.greeted < channel.greeting.len());
            all.push((socket.as_fd(), wanted));
        }
        all
    }

    /// Moves what can be moved at once over the descriptors that are ready, in the order of
    /// [`Self::interests`]. Whether there were more records than allowed.
    pub(crate) fn pump(&mut self, ready: &[bool], caller: &mut Caller) -> io::Result<bool> {
        let mut ready = ready.iter().copied();
        for tap in [&mut self.stdout, &mut self.stderr] {
            if tap.source.is_some() && ready.next().unwrap_or(false) {
                tap.draw()?;
            }
        }
        match &mut self.channel {
            Some(channel) if channel.socket.is_some() && ready.next().unwrap_or(false) => {
                channel.greet();
                channel.pass(caller)
            }
            _ => Ok(false),
        }
    }

    /// Moves all that is left, when every process that could write is gone. Whether there were too many records.
    pub(crate) fn finish(&mut self, caller: &mut Caller) -> io::Result<bool> {
        for tap in [&mut self.stdout, &mut self.stderr] {
            while tap.source.is_some() {
                tap.draw()?;
            }
        }
        let mut flooded = false;
        if let Some(channel) = &mut self.channel {
            while channel.socket.is_some() && !flooded {
                flooded = channel.pass(caller)?;
            }
        }
        Ok(flooded)
    }

    /// What was kept of standard output and standard error.
    pub(crate) fn kept(self) -> [crate::Stream; 2] {
        [self.stdout.kept.finish(), self.stderr.kept.finish()]
    }

    /// Says that the greeting is over, when there is none.
    pub(crate) fn open(&mut self) {
        if let Some(channel) = &mut self.channel {
            channel.greet();
        }
    }
}

impl Tap<PipeReader> {
    /// Reads once; at the end of the stream there is nothing more to read.
    fn draw(&mut self) -> io::Result<()> {
        let mut chunk = [0; CHUNK];
        if let Some(source) = &mut self.source {
            match source.read(&mut chunk) {
                Ok(0) => self.source = None,
                Ok(got) => self.kept.push(&chunk[..got]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl Channel {
    /// Writes as much of the greeting as fits, and ends it after its last byte.
    fn greet(&mut self) {
        let Some(socket) = &mut self.socket else {
            return;
        };
        while self.greeted < self.greeting.len() {
            match socket.write(&self.greeting[self.greeted..]) {
                Ok(written) => self.greeted += written,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // A command that ends without listening is no failure.
                Err(_) => self.greeted = self.greeting.len(),
            }
        }
        let _ = socket.shutdown(Shutdown::Write);
    }

    /// Passes records on. Whether there were more than allowed.
    fn pass(&mut self, caller: &mut Caller) -> io::Result<bool> {
        let mut chunk = [0; CHUNK];
        let Some(socket) = &mut self.socket else {
            return Ok(false);
        };
        let got = match socket.read(&mut chunk) {
            Ok(got) => got,
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
                ) =>
            {
                return Ok(false);
            }
            // A connection reset is an end like any other: the other side was killed with bytes unread.
            Err(_) => 0,
        };
        if got == 0 {
            self.socket = None;
            return Ok(false);
        }
        let room = self.limit - self.passed;
        let some = &chunk[..got.min(room)];
        if !some.is_empty() {
            caller.piece(some)?;
            self.passed += some.len();
        }
        Ok(got > room)
    }
}
