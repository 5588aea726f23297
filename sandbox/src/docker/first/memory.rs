//! Noticing that a command ran out of memory.

use std::fs::File;
use std::os::unix::fs::FileExt;

use crate::native::init::memory;
use crate::native::wire::Ceilings;

/// Where the kernel counts its kills: in the container's own control group, of version 2 or 1.
const COUNTERS: &[&str] = &[
    "/sys/fs/cgroup/memory.events",
    "/sys/fs/cgroup/memory/memory.oom_control",
];

/// How it is noticed.
pub(crate) enum Memory {
    /// The kernel kills at the ceiling and counts in this file. It stays open: while a killed command still holds
    /// the memory it filled, whoever asks the kernel for more is killed next, and opening a file does.
    Counted(File),
    /// Nothing bounds the memory but a look at it now and then.
    Watched(u64),
}

impl Memory {
    /// By the strongest means there is.
    pub(crate) fn find(ceilings: &mut Ceilings) -> Self {
        let counter = COUNTERS
            .iter()
            .filter_map(|path| File::open(path).ok())
            .find(|file| kills(file).is_some());
        match counter {
            Some(file) if !ceilings.watch_memory => Self::Counted(file),
            _ => {
                ceilings.watch_memory = true;
                Self::Watched(ceilings.memory_bytes)
            }
        }
    }

    /// What the kernel has counted so far.
    pub(crate) fn mark(&self) -> u64 {
        match self {
            Self::Counted(file) => kills(file).unwrap_or(0),
            Self::Watched(_) => 0,
        }
    }

    /// Whether memory ran out since a mark.
    pub(crate) fn ran_out(&self, mark: u64) -> bool {
        match self {
            Self::Counted(_) => self.mark() != mark,
            Self::Watched(limit) => memory::exceeds(*limit),
        }
    }
}

/// The number on the line `oom_kill`.
fn kills(file: &File) -> Option<u64> {
    let mut page = [0; 4096];
    let length = file.read_at(&mut page, 0).ok()?;
    let text = std::str::from_utf8(&page[..length]).ok()?;
    text.lines()
        .find_map(|line| line.strip_prefix("oom_kill "))
        .and_then(|number| number.trim().parse().ok())
}
