//! Looking for what a command left on the machine: processes, mounts, folders.

use std::path::Path;
use std::time::{Duration, Instant};

use super::Home;

/// How long the kernel and those who clean up may take after a command's end.
const A_MOMENT: Duration = Duration::from_secs(20);

impl Home {
    /// Demands that no process of a command in this data folder lives, no mount of it is left, and nothing lies
    /// in the temporary folder or half done in the data folder.
    pub(crate) fn leaves_nothing(&self) {
        self.leaves_no_process();
        let mounts = std::fs::read_to_string("/proc/mounts").unwrap();
        let name = self.path().to_str().unwrap();
        assert!(!mounts.contains(name), "mounts are left:\n{mounts}");
        let forgotten: Vec<_> = entries(self.temporary())
            .into_iter()
            .chain(half_done(self.path()))
            .collect();
        assert!(forgotten.is_empty(), "folders are left: {forgotten:?}");
    }

    /// Demands that every process of a command in this data folder ends within a moment.
    pub(crate) fn leaves_no_process(&self) {
        let started = Instant::now();
        loop {
            let left = processes_of(self.path());
            if left.is_empty() {
                return;
            }
            assert!(
                started.elapsed() < A_MOMENT,
                "processes are left:\n{}",
                left.join("\n")
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// The processes that name the folder in their command, their environment or, inside a sandbox, their mounts.
fn processes_of(folder: &Path) -> Vec<String> {
    let name = folder.as_os_str().as_encoded_bytes();
    let own = std::process::id().to_string();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let id = entry.file_name().to_string_lossy().into_owned();
        if !id.bytes().all(|byte| byte.is_ascii_digit()) || id == own {
            continue;
        }
        // Whoever ends meanwhile reads as empty.
        let read = |file: &str| std::fs::read(entry.path().join(file)).unwrap_or_default();
        let command = read("cmdline");
        let told = [&command, &read("environ"), &read("mountinfo")];
        if told
            .iter()
            .any(|text| text.windows(name.len()).any(|window| window == name))
        {
            let command = String::from_utf8_lossy(&command).replace('\0', " ");
            found.push(format!("{id} {command}"));
        }
    }
    found
}

/// What was begun in the data folder's caches and not finished: hidden names are never results.
fn half_done(home: &Path) -> Vec<String> {
    ["trees", "environments", "downloads"]
        .iter()
        .flat_map(|cache| entries(&home.join(cache)))
        .filter(|path| path.rsplit('/').next().unwrap().starts_with('.'))
        .collect()
}

fn entries(folder: &Path) -> Vec<String> {
    let found = std::fs::read_dir(folder).into_iter().flatten().flatten();
    found
        .map(|entry| entry.path().to_string_lossy().into_owned())
        .collect()
}
