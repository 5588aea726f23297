//! What a sandbox may use.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Ceilings of one sandbox. Each is enforced by the strongest means that the machine offers: cgroups where
/// they can be written, resource limits and a watching parent otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Wall time of a command that names none of its own.
    pub wall: Duration,
    /// Memory of all processes together, in bytes.
    pub memory_bytes: u64,
    /// Processes and threads at one time.
    pub processes: u64,
    /// Open files of a process.
    pub open_files: u64,
    /// Bytes written into memory-backed trees and `/tmp` together; also the largest single file.
    pub disk_bytes: u64,
    /// Bytes kept of each of stdout and stderr; what exceeds them is read and dropped from the middle.
    pub output_bytes: usize,
    /// Bytes kept of the record channel; a command that writes more is ended.
    pub channel_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            wall: Duration::from_mins(10),
            memory_bytes: 4 << 30,
            processes: 512,
            open_files: 4096,
            disk_bytes: 2 << 30,
            output_bytes: 1 << 20,
            channel_bytes: 256 << 20,
        }
    }
}
