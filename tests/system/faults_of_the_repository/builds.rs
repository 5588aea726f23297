//! Build scripts that harm: each project is sound but for its `setup.py`.

use std::path::Path;
use std::time::{Duration, Instant};

use super::{refused, run, verdict};
use crate::support::{Home, finish, project};

const SETUP: &str =
    "\nfrom setuptools import setup\nsetup(name='ones', version='1', py_modules=['ones'])\n";

/// A sound little project whose build script begins with `script`.
fn with_setup(folder: &Path, script: &str) {
    let setup = script.to_owned() + SETUP;
    project(
        folder,
        &[
            ("setup.py", &setup),
            (
                "ones.py",
                "def one(n):\n    if n > 1:\n        return n\n    return 1\n",
            ),
            (
                "test_ones.py",
                "from ones import one\n\ndef test_small():\n    assert one(0) == 1\n\ndef test_large():\n    assert one(5) == 5\n",
            ),
        ],
    );
}

#[test]
fn a_setup_that_runs_forever_is_ended_at_the_build_timeout() {
    let (home, folder) = (Home::new(), tempfile::tempdir().unwrap());
    with_setup(folder.path(), "while True:\n    pass\n");
    let started = Instant::now();
    let said = run(&home, folder.path(), &["build_timeout_seconds=15"]);
    refused(&home, &said, "environment", &["15 s"]);
    assert!(
        started.elapsed() < Duration::from_mins(4),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn a_setup_that_forks_without_end_is_contained() {
    let (home, folder) = (Home::new(), tempfile::tempdir().unwrap());
    let bomb =
        "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass\n";
    with_setup(folder.path(), bomb);
    let settings = &["build_timeout_seconds=15", "sandbox_processes=100"];
    let said = run(&home, folder.path(), settings);
    refused(&home, &said, "environment", &["15 s"]);
}

#[test]
fn a_setup_that_fills_the_disk_is_stopped_at_its_limit() {
    let (home, folder) = (Home::new(), tempfile::tempdir().unwrap());
    let fill = "import os\nblock = b'x' * (1 << 20)\nfor n in range(100000):\n    \
                for place in ('.', '/tmp', os.path.expanduser('~')):\n        \
                with open(os.path.join(place, 'fill%d' % (n % 7)), 'ab') as file:\n            file.write(block)\n";
    with_setup(folder.path(), fill);
    let before = free_bytes(home.path());
    let said = run(
        &home,
        folder.path(),
        &["sandbox_disk_mib=512", "build_timeout_seconds=120"],
    );
    refused(&home, &said, "environment", &["disk"]);
    let taken = before.saturating_sub(free_bytes(home.path()));
    assert!(taken < 2 << 30, "{taken} bytes are gone");
}

/// Looks everywhere for the canary and writes what it finds into the package.
const SPY: &str = r#"
import os
CANARY = 'canary-' + '77c1e9'
found = [name for name, value in os.environ.items() if CANARY in value]
for top in [HOMES, '/root', '/home', '/etc', '/run', '/var', '/mnt', '/srv', '/tmp', os.path.expanduser('~')]:
    for place, folders, files in os.walk(top):
        for name in files:
            try:
                with open(os.path.join(place, name), errors='replace') as file:
                    if CANARY in file.read(100000):
                        found.append(os.path.join(place, name))
            except OSError:
                pass
for process in os.listdir('/proc'):
    for name in ('environ', 'cmdline', 'root' + HOMES + '/canary'):
        try:
            with open('/proc/' + process + '/' + name, errors='replace') as file:
                if CANARY in file.read():
                    found.append('/proc/' + process + '/' + name)
        except OSError:
            pass
with open('ones.py', 'a') as file:
    file.write('\nSPIED = ' + repr(found) + '\nSPY = "was here"\n')
"#;

#[test]
fn a_setup_that_looks_for_the_users_files_and_secrets_finds_none() {
    let (home, folder) = (Home::new(), tempfile::tempdir().unwrap());
    let homes = tempfile::tempdir().unwrap();
    let canary = homes.path().join("canary");
    std::fs::write(&canary, "canary-77c1e9").unwrap();
    // Beside the data folder too.
    let beside = home.path().with_extension("canary");
    std::fs::write(&beside, "canary-77c1e9").unwrap();
    let place = homes.path().to_str().unwrap();
    with_setup(folder.path(), &SPY.replace("HOMES", &format!("'{place}'")));
    // The spy reports by a test that fails if it found something, and passes if it has looked and found nothing.
    let test = "import ones\n\ndef test_spied():\n    assert ones.SPIED == []\n    assert ones.SPY == 'was here'\n\n\
                def test_small():\n    assert ones.one(0) == 1\n\ndef test_large():\n    assert ones.one(5) == 5\n";
    std::fs::write(folder.path().join("test_ones.py"), test).unwrap();
    let mut command = home.command(&["run", folder.path().to_str().unwrap(), "--json"]);
    command
        .args(["--max-candidates", "3"])
        .env("HOME", homes.path())
        .env("SECRET_TOKEN", "canary-77c1e9");
    let said = finish(command.spawn().unwrap());
    std::fs::remove_file(&beside).unwrap();
    let tests = home.rows("SELECT node_id, status FROM tests ORDER BY node_id");
    let spied = tests
        .iter()
        .find(|test| test["node_id"] == "test_ones.py::test_spied");
    assert_eq!(
        spied.map(|test| &test["status"]),
        Some(&serde_json::json!("passed")),
        "{tests:?} {}",
        said.text()
    );
    assert_eq!(verdict(&said)["state"], "done", "{}", said.text());
    home.leaves_nothing();
}

fn free_bytes(folder: &Path) -> u64 {
    let mut df = std::process::Command::new("df");
    let said = df
        .args(["--block-size=1", "--output=avail"])
        .arg(folder)
        .output()
        .unwrap();
    let text = String::from_utf8(said.stdout).unwrap();
    text.lines().last().unwrap().trim().parse().unwrap()
}
