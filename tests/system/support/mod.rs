//! A data folder of its own for each test, and the binary run in it.

pub(crate) mod attempts;
pub(crate) mod browser;
pub(crate) mod loopback;
#[path = "../../support/python.rs"]
pub(crate) mod python;
pub(crate) mod queue;
pub(crate) mod remains;
pub(crate) mod serving;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// The longest that any command of a test may take.
const PATIENCE: Duration = Duration::from_mins(10);

/// A data folder, with the caches of downloads shared between tests, and a temporary folder beside it.
pub(crate) struct Home {
    folder: TempDir,
    temporary: TempDir,
}

/// What a command said.
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Said {
    /// Both streams, to look for words in and to show when a test fails.
    pub(crate) fn text(&self) -> String {
        format!("exit {:?}\n{}{}", self.code, self.stdout, self.stderr)
    }

    /// The JSON document on stdout.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error} in {}", self.text()))
    }
}

impl Home {
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("swemill-test-")
            .tempdir()
            .unwrap();
        for cache in ["tools", "packages"] {
            let shared = shared_cache().join(cache);
            std::fs::create_dir_all(&shared).unwrap();
            std::os::unix::fs::symlink(&shared, folder.path().join(cache)).unwrap();
        }
        let temporary = tempfile::Builder::new()
            .prefix("swemill-tmp-")
            .tempdir()
            .unwrap();
        Self { folder, temporary }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The binary with this data folder and settings that suit small projects.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_swemill"));
        command
            .args(arguments)
            .env("SWEMILL_HOME", self.path())
            .env("TMPDIR", self.temporary.path())
            .env("SWEMILL_BASELINE_MIN_PASSING", "1")
            .env_remove("DATABASE_URL")
            .env_remove("SWEMILL_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// The folder that the command takes for the machine's temporary one.
    pub(crate) fn temporary(&self) -> &Path {
        self.temporary.path()
    }

    /// Exports the instances and returns the data set's bytes.
    pub(crate) fn exported(&self) -> Vec<u8> {
        let out = self.path().join("out");
        self.succeed(&["export", "swesmith", "--out", out.to_str().unwrap()]);
        std::fs::read(out.join("swesmith.jsonl")).unwrap()
    }

    /// Runs the binary to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        finish(self.command(arguments).spawn().unwrap())
    }

    /// Runs the binary and demands that it succeeds.
    pub(crate) fn succeed(&self, arguments: &[&str]) -> Said {
        let said = self.run(arguments);
        assert_eq!(
            said.code,
            Some(0),
            "swemill {}: {}",
            arguments.join(" "),
            said.text()
        );
        said
    }

    /// The counts of candidates by outcome, and of instances, as `status` tells them.
    pub(crate) fn counts(&self) -> Value {
        self.succeed(&["status", "--json"]).json()["counts"].clone()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // Layers may be owned by the sandbox's user, or hold folders without write permission.
        let _ = Command::new("chmod")
            .args(["-R", "u+rwX"])
            .arg(self.path())
            .output();
    }
}

/// The process ids of the commands that this test has waited for: names of what they leave hold them.
pub(crate) static ENDED: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// Waits for a command, killing it when it takes too long: a hang fails the test instead of stopping the suite.
pub(crate) fn finish(child: Child) -> Said {
    let id = child.id();
    ENDED.lock().unwrap().insert(id);
    let started = Instant::now();
    let (told, ended) = std::sync::mpsc::channel();
    let watch = std::thread::spawn(move || {
        if ended.recv_timeout(PATIENCE).is_err() {
            let _ = Command::new("kill").args(["-9", &id.to_string()]).output();
        }
    });
    let Output {
        status,
        stdout,
        stderr,
    } = child.wait_with_output().unwrap();
    let _ = told.send(());
    watch.join().unwrap();
    assert!(started.elapsed() < PATIENCE, "the command hung");
    Said {
        code: status.code(),
        stdout: String::from_utf8_lossy(&stdout).into_owned(),
        stderr: String::from_utf8_lossy(&stderr).into_owned(),
    }
}

/// Writes a project of the given files and returns its folder.
pub(crate) fn project(folder: &Path, files: &[(&str, &str)]) -> PathBuf {
    for (name, text) in files {
        let place = folder.join(name);
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::write(place, text).unwrap();
    }
    folder.to_owned()
}

/// A small sound project: a module, its tests, a build file.
pub(crate) const SOUND: &[(&str, &str)] = &[
    (
        "pyproject.toml",
        "[build-system]\nrequires = [\"setuptools\"]\nbuild-backend = \"setuptools.build_meta\"\n\n\
         [project]\nname = \"sums\"\nversion = \"1.0\"\nlicense = {text = \"MIT\"}\n\n\
         [tool.setuptools]\npy-modules = [\"sums\"]\n",
    ),
    (
        "sums.py",
        "def clamp(value, low, high):\n    if value < low:\n        return low\n    if value > high:\n        return high\n    return value\n\n\n\
         def total(values, start=0):\n    result = start\n    for value in values:\n        if value is None:\n            continue\n        result += value\n    return result\n\n\n\
         def middle(values):\n    ordered = sorted(values)\n    half = len(ordered) // 2\n    if len(ordered) % 2 == 1:\n        return ordered[half]\n    return (ordered[half - 1] + ordered[half]) / 2\n",
    ),
    (
        "tests/test_sums.py",
        "import pytest\n\nfrom sums import clamp, middle, total\n\n\n\
         @pytest.mark.parametrize('value, expected', [(-1, 0), (0, 0), (5, 5), (10, 10), (11, 10)])\n\
         def test_clamp(value, expected):\n    assert clamp(value, 0, 10) == expected\n\n\n\
         def test_total():\n    assert total([1, 2, 3]) == 6\n\n\n\
         def test_total_skips_nothing_but_none():\n    assert total([1, None, 0, 2], 10) == 13\n\n\n\
         def test_middle_of_odd():\n    assert middle([3, 1, 2]) == 2\n\n\n\
         def test_middle_of_even():\n    assert middle([4, 1, 3, 2]) == 2.5\n",
    ),
];

fn shared_cache() -> PathBuf {
    // Beside the binary, so that `cargo clean` forgets it.
    let binary = Path::new(env!("CARGO_BIN_EXE_swemill"));
    binary.parent().unwrap().join("system-test-cache")
}
