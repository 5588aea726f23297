//! The settings in force and where each comes from: defaults, one TOML file, the environment, flags.

mod error;
mod origin;
mod resolve;

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use swemill_model::device::DeviceChoice;
use swemill_sandbox::Limits;

use crate::backends::Wanted;

pub use error::Error;
pub use origin::Origin;
pub use resolve::{Resolved, resolve};

/// Everything that can be set, resolved.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The data folder.
    pub home: PathBuf,
    /// The Postgres server; empty for a private cluster in the data folder.
    pub database_url: String,
    /// Jobs that run at one time on this machine.
    pub workers: usize,
    /// Attempts of agents in flight in one process; 0 for as many as memory and processors allow.
    pub rollouts: usize,
    /// Which licences are admitted: SPDX identifiers, `permissive` or `any`.
    pub licenses: String,
    /// Baseline runs of an untouched repository; one of them is shuffled.
    pub baseline_runs: usize,
    /// The fewest stable passing tests of an accepted baseline.
    pub baseline_min_passing: usize,
    /// The smallest share of passing tests, of those not skipped, of an accepted baseline.
    pub baseline_min_share: f64,
    /// Runs that must agree on an instance's lists.
    pub confirmations: usize,
    /// The largest share of the suite that a break may fail.
    pub max_broken_share: f64,
    /// Which kind of sandbox tests run in.
    pub backend: Wanted,
    /// The top folder of a system that native sandboxes show instead of this machine's; empty for this machine's.
    pub system_root: String,
    /// Where the container engine listens; found where engines usually are when this is empty.
    pub docker_host: String,
    /// The image that environments' images are made on.
    pub docker_base_image: String,
    /// The runtime of containers, such as `runsc`; the engine's own choice when this is empty.
    pub docker_runtime: String,
    /// Processors that one container may use; all when this is 0.
    pub docker_processors: f64,
    /// Memory of one sandbox, in MiB.
    pub sandbox_memory_mib: u64,
    /// Processes and threads of one sandbox.
    pub sandbox_processes: u64,
    /// Bytes that one sandbox may write, in MiB.
    pub sandbox_disk_mib: u64,
    /// Wall time of one build step, in seconds.
    pub build_timeout_seconds: u64,
    /// Wall time of one whole test run while a baseline is taken, in seconds.
    pub test_timeout_seconds: u64,
    /// Where models compute.
    pub device: DeviceChoice,
    /// Seconds after which a silent worker's job is given to another.
    pub lease_seconds: u64,
}

/// Memory that is set aside for an attempt: its sandbox, its conversation, the commands that run in turn.
const MEMORY_OF_AN_ATTEMPT: u64 = 32 << 20;
/// Attempts for each job that may run at one time.
const ATTEMPTS_OF_A_WORKER: usize = 128;

impl Settings {
    /// Attempts of agents that one process has in flight at most.
    pub fn attempts_at_once(&self) -> usize {
        if self.rollouts > 0 {
            return self.rollouts;
        }
        let by_memory = available_memory().unwrap_or(4 << 30) / MEMORY_OF_AN_ATTEMPT;
        let by_memory = usize::try_from(by_memory).unwrap_or(usize::MAX);
        by_memory.clamp(1, ATTEMPTS_OF_A_WORKER.saturating_mul(self.workers))
    }

    /// The limits of a sandbox that runs tests.
    pub fn test_limits(&self) -> Limits {
        Limits {
            wall: Duration::from_secs(self.test_timeout_seconds),
            memory_bytes: self.sandbox_memory_mib << 20,
            processes: self.sandbox_processes,
            disk_bytes: self.sandbox_disk_mib << 20,
            ..Limits::default()
        }
    }

    /// The limits of a sandbox that builds an environment.
    pub fn build_limits(&self) -> Limits {
        Limits {
            wall: Duration::from_secs(self.build_timeout_seconds),
            ..self.test_limits()
        }
    }
}
/// Bytes that the kernel says can be had without swapping.
fn available_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes << 10)
}

/// One thing that can be set.
#[derive(Debug)]
pub struct Key {
    /// Its name in the file and for `--set`.
    pub name: &'static str,
    /// The environment variable that sets it.
    pub variable: &'static str,
    /// One line for people.
    pub about: &'static str,
}

const fn key(name: &'static str, variable: &'static str, about: &'static str) -> Key {
    Key {
        name,
        variable,
        about,
    }
}

/// Every key, in the order in which `swemill config` prints them.
#[rustfmt::skip]
pub const KEYS: &[Key] = &[
    key("home", "SWEMILL_HOME", "the data folder"),
    key("database_url", "DATABASE_URL", "the Postgres server; empty: a private cluster in the data folder"),
    key("workers", "SWEMILL_WORKERS", "jobs that run at one time on this machine"),
    key("rollouts", "SWEMILL_ROLLOUTS", "attempts of agents in flight in one process; 0: as memory and processors allow"),
    key("licenses", "SWEMILL_LICENSES", "admitted licences: SPDX identifiers, `permissive` or `any`"),
    key("baseline_runs", "SWEMILL_BASELINE_RUNS", "runs of the untouched tests, one of them shuffled"),
    key("baseline_min_passing", "SWEMILL_BASELINE_MIN_PASSING", "the fewest stable passing tests of a sound baseline"),
    key("baseline_min_share", "SWEMILL_BASELINE_MIN_SHARE", "the smallest passing share of a sound baseline"),
    key("confirmations", "SWEMILL_CONFIRMATIONS", "runs that must agree on an instance's lists"),
    key("max_broken_share", "SWEMILL_MAX_BROKEN_SHARE", "the largest share of the suite that a break may fail"),
    key("backend", "SWEMILL_BACKEND", "the kind of sandbox: `native`, `docker`, or `auto` for what works"),
    key("system_root", "SWEMILL_SYSTEM_ROOT", "the system that native sandboxes show; empty: this machine's"),
    key("docker_host", "SWEMILL_DOCKER_HOST", "where the container engine listens; empty: where engines usually do"),
    key("docker_base_image", "SWEMILL_DOCKER_BASE_IMAGE", "the image that environments' images are made on"),
    key("docker_runtime", "SWEMILL_DOCKER_RUNTIME", "the runtime of containers, such as `runsc`; empty: the engine's"),
    key("docker_processors", "SWEMILL_DOCKER_PROCESSORS", "processors that one container may use; 0: all"),
    key("sandbox_memory_mib", "SWEMILL_SANDBOX_MEMORY_MIB", "memory of one sandbox, MiB"),
    key("sandbox_processes", "SWEMILL_SANDBOX_PROCESSES", "processes and threads of one sandbox"),
    key("sandbox_disk_mib", "SWEMILL_SANDBOX_DISK_MIB", "what one sandbox may write, MiB"),
    key("build_timeout_seconds", "SWEMILL_BUILD_TIMEOUT_SECONDS", "wall time of one build step"),
    key("test_timeout_seconds", "SWEMILL_TEST_TIMEOUT_SECONDS", "wall time of one baseline run"),
    key("device", "SWEMILL_DEVICE", "where models compute: `cpu`, `cuda`, `cuda:N`, or `auto` for a GPU where there is one"),
    key("lease_seconds", "SWEMILL_LEASE_SECONDS", "silence after which a worker's job is given away"),
];
