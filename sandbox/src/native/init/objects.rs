//! System V objects: shared memory, message queues, sets of semaphores. They belong to no process and outlive
//! those that made them, so they are counted, and removed when a command ends.

use std::fs;
use std::path::Path;

use nix::libc;

/// What an object, a message and a semaphore take of the kernel's memory beside their content, in bytes rounded
/// up to the allocator's sizes (`ipc/util.h`, `ipc/msgutil.c`, `ipc/sem.c`).
const OBJECT_BYTES: u64 = 512;
const MESSAGE_BYTES: u64 = 64;
const SEMAPHORE_BYTES: u64 = 64;

/// A kind of object: the name of its table in `/proc/sysvipc`, and what an object of a row takes. The columns are
/// in `ipc/shm.c`, `ipc/msg.c` and `ipc/sem.c`; an object's id is the second everywhere.
struct Kind {
    table: &'static str,
    bytes: fn(&[u64]) -> Option<u64>,
    remove: fn(i32),
}

const KINDS: &[Kind] = &[
    Kind {
        table: "shm",
        bytes: |row| row.get(14).copied(),
        // SAFETY: without IPC_STAT or IPC_SET the third argument is not looked at.
        remove: |id| unsafe {
            libc::shmctl(id, libc::IPC_RMID, std::ptr::null_mut());
        },
    },
    Kind {
        table: "msg",
        bytes: |row| Some(row.get(3)? + row.get(4)?.saturating_mul(MESSAGE_BYTES)),
        // SAFETY: as above.
        remove: |id| unsafe {
            libc::msgctl(id, libc::IPC_RMID, std::ptr::null_mut());
        },
    },
    Kind {
        table: "sem",
        bytes: |row| Some(row.get(3)?.saturating_mul(SEMAPHORE_BYTES)),
        // SAFETY: this command takes no fourth argument.
        remove: |id| unsafe {
            libc::semctl(id, 0, libc::IPC_RMID);
        },
    },
];

/// Ceilings of the sandbox's own namespace, far above what programs use: the kernel's would allow gigabytes, in
/// memory that only the death of the first process frees once a control group is full of it.
pub(crate) const CEILINGS: &[(&str, &str)] = &[
    // A set, all sets together, operations of a call, sets.
    ("sem", "32000 32000 500 1024"),
    ("msgmni", "64"),
];

/// Lowers the ceilings; kernels before 6.9 let only the host's root do so and keep theirs.
pub(crate) fn limit(proc: &Path) {
    for (name, value) in CEILINGS {
        let _ = fs::write(proc.join("sys/kernel").join(name), value);
    }
}

/// The memory that all objects of the sandbox take.
pub(crate) fn bytes() -> u64 {
    let of = |kind: &Kind| -> u64 {
        rows(kind.table)
            .iter()
            .map(|row| OBJECT_BYTES + (kind.bytes)(row).unwrap_or(0))
            .sum()
    };
    KINDS.iter().map(of).sum()
}

/// Removes every object of the sandbox.
pub(crate) fn remove_all() {
    for kind in KINDS {
        for row in rows(kind.table) {
            if let Some(id) = row.get(1).and_then(|id| i32::try_from(*id).ok()) {
                (kind.remove)(id);
            }
        }
    }
}

/// The rows of a table, as numbers. Keys, the first column, may be negative and are read as 0.
fn rows(table: &str) -> Vec<Vec<u64>> {
    let text = fs::read_to_string(Path::new("/proc/sysvipc").join(table)).unwrap_or_default();
    let numbers = |line: &str| {
        line.split_whitespace()
            .map(|column| column.parse().unwrap_or(0))
            .collect()
    };
    text.lines().skip(1).map(numbers).collect()
}
