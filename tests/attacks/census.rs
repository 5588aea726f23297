//! What is on the machine outside every test's own folders, before an attack and after it.
//!
//! Other tests run at the same time, and others use the machine: only what bears the mark of a sandbox counts.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use swemill_sandbox::native::SANDBOX_HOST_ID;

use crate::support::ENDED;

/// How long those who clean up may take.
const A_MOMENT: Duration = Duration::from_secs(20);

/// What sandboxes leave on the machine itself, if anything: mounts, files in shared memory, System V objects.
#[derive(Debug)]
pub(crate) struct Census {
    found: BTreeSet<String>,
}

impl Census {
    pub(crate) fn take() -> Self {
        let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
        let mounts = mounts.lines().filter(|line| line.contains("swemill"));
        let mut found: BTreeSet<String> = mounts.map(str::to_owned).collect();
        let is_foreign = |path: &PathBuf| {
            let about = std::fs::symlink_metadata(path);
            about.is_ok_and(|about| about.uid() == SANDBOX_HOST_ID)
        };
        let shared = entries(Path::new("/dev/shm"))
            .into_iter()
            .filter(is_foreign);
        found.extend(shared.map(|path| path.display().to_string()));
        let id = SANDBOX_HOST_ID.to_string();
        for kind in ["shm", "msg", "sem"] {
            let table = Path::new("/proc/sysvipc").join(kind);
            let rows = std::fs::read_to_string(table).unwrap_or_default();
            let foreign = rows
                .lines()
                .filter(|row| row.split_whitespace().any(|column| column == id));
            found.extend(foreign.map(str::to_owned));
        }
        Self { found }
    }

    /// Demands that nothing was added, and that nothing of a dead process of swemill is left.
    pub(crate) fn is_as_it_was(&self) {
        let began = Instant::now();
        loop {
            let left = self.left();
            if left.is_empty() {
                return;
            }
            assert!(began.elapsed() < A_MOMENT, "left behind: {left:#?}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn left(&self) -> Vec<String> {
        let now = Self::take().found;
        let mut left: Vec<String> = now.difference(&self.found).cloned().collect();
        left.extend(orphans(Path::new("/sys/fs/cgroup"), 3));
        left.extend(orphans(&std::env::temp_dir(), 1));
        left.extend(containers());
        left
    }
}

/// Folders and control groups named by a command of this test that has ended (`swemill-<namespace>-<process>-…`).
fn orphans(top: &Path, depth: usize) -> Vec<String> {
    let mut found = Vec::new();
    for entry in entries(top) {
        let name = entry.file_name().unwrap_or_default();
        if is_of_an_ended_command(&name.to_string_lossy()) {
            found.push(entry.display().to_string());
        } else if depth > 1 && entry.is_dir() && !entry.is_symlink() {
            found.extend(orphans(&entry, depth - 1));
        }
    }
    found
}

fn is_of_an_ended_command(name: &str) -> bool {
    let owner = name
        .strip_prefix("swemill-")
        .and_then(|rest| rest.split('-').nth(1));
    let owner = owner.and_then(|owner| owner.parse().ok());
    owner.is_some_and(|owner| ENDED.lock().unwrap().contains(&owner))
}

/// Their containers, where there is an engine.
fn containers() -> Vec<String> {
    let format = "{{.ID}} {{.Label \"swemill.owner\"}}";
    let listed = Command::new("docker")
        .args([
            "ps",
            "--all",
            "--filter",
            "label=swemill.owner",
            "--format",
            format,
        ])
        .output();
    let Ok(listed) = listed else {
        return Vec::new();
    };
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    let is_ours = |line: &&str| line.split(' ').any(is_of_an_ended_command);
    text.lines().filter(is_ours).map(str::to_owned).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let found = std::fs::read_dir(folder).into_iter().flatten().flatten();
    found.map(|entry| entry.path()).collect()
}
