//! Counting what comes out of a decompressor, and stopping it in time.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use crate::{Error, Limits};

/// Why a stream was stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} is more than {limit}")]
pub struct Bomb {
    what: &'static str,
    limit: String,
}

impl Bomb {
    pub(crate) fn to_error(&self, origin: &str) -> Error {
        Error::TooLarge {
            what: format!("{} of {origin}", self.what),
            limit: self.limit.clone(),
        }
    }
}

/// Bytes that one step to the next member may read: a long name takes a few thousand, and the tar reader
/// holds it in memory.
const HEADER_BYTES: u64 = 1 << 20;

/// A reader that counts.
pub(super) struct Meter<R> {
    inner: R,
    out: u64,
    most: u64,
    ratio: u64,
    header: Rc<Cell<Option<u64>>>,
}

/// Tells a [`Meter`] when headers are being read.
#[derive(Clone)]
pub(super) struct HeaderBudget(Rc<Cell<Option<u64>>>);

impl HeaderBudget {
    /// From here on, no more than a header's worth of bytes may be read.
    pub(super) fn begin(&self) {
        self.0.set(Some(HEADER_BYTES));
    }

    /// From here on, a member's content is read.
    pub(super) fn end(&self) {
        self.0.set(None);
    }
}

impl<R: Read> Meter<R> {
    /// Bounds what `inner` makes out of `packed` bytes.
    pub(super) fn new(inner: R, packed: u64, limits: &Limits) -> Self {
        let by_ratio = packed.saturating_mul(limits.ratio).max(limits.ratio_floor);
        // Tar adds a header and padding to each member.
        let by_size = limits
            .tree_bytes
            .saturating_add(limits.members.saturating_mul(2048));
        Self {
            inner,
            out: 0,
            most: by_ratio.min(by_size),
            ratio: limits.ratio,
            header: Rc::new(Cell::new(None)),
        }
    }

    pub(super) fn budget(&self) -> HeaderBudget {
        HeaderBudget(Rc::clone(&self.header))
    }
}

impl<R: Read> Read for Meter<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.out += count as u64;
        if self.out > self.most {
            let limit = format!(
                "{} bytes (or {} times its packed size)",
                self.most, self.ratio
            );
            return Err(io::Error::other(Bomb {
                what: "the unpacked size",
                limit,
            }));
        }
        if let Some(left) = self.header.get() {
            let Some(left) = left.checked_sub(count as u64) else {
                let limit = format!("{HEADER_BYTES} bytes");
                return Err(io::Error::other(Bomb {
                    what: "a member's header",
                    limit,
                }));
            };
            self.header.set(Some(left));
        }
        Ok(count)
    }
}
