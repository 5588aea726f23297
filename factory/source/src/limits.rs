//! What a source may cost: bytes, members, depth and time.

use std::time::Duration;

/// Bounds on everything that comes from outside. The defaults admit every honest sdist and end a bomb early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one download.
    pub download_bytes: u64,
    /// Bytes of all files of a tree together.
    pub tree_bytes: u64,
    /// Bytes of one file.
    pub file_bytes: u64,
    /// Members of an archive, or entries of a git tree.
    pub members: u64,
    /// Bytes unpacked for each byte packed, looked at once [`Limits::ratio_floor`] bytes are out.
    pub ratio: u64,
    /// Bytes that may be unpacked whatever the ratio: small repetitive files pack extremely well.
    pub ratio_floor: u64,
    /// Components of a path.
    pub depth: usize,
    /// Bytes of a path.
    pub path_bytes: usize,
    /// Nested submodules.
    pub submodule_depth: usize,
    /// The longest wait for a connection, and then for the next bytes.
    pub stall: Duration,
    /// The longest a single transfer may take.
    pub transfer: Duration,
    /// Tries of a request that failed for a passing reason.
    pub tries: u32,
}

const MIB: u64 = 1 << 20;

impl Default for Limits {
    fn default() -> Self {
        Self {
            download_bytes: 1024 * MIB,
            tree_bytes: 2048 * MIB,
            file_bytes: 512 * MIB,
            members: 200_000,
            ratio: 200,
            ratio_floor: 64 * MIB,
            depth: 64,
            path_bytes: 3072,
            submodule_depth: 4,
            stall: Duration::from_mins(1),
            transfer: Duration::from_mins(30),
            tries: 4,
        }
    }
}
