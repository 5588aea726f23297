//! What befalls the machine: kills, signals, two workers at once, a Postgres that goes away, a full disk.
//!
//! However a run is disturbed, it ends with the bytes that an undisturbed one exports.

mod disk;
mod kills;
mod postgres;

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::support::{Home, SOUND, project};

/// What every run of these tests asks for, so that all give the same data set.
const REQUEST: &[&str] = &["--seed", "3", "--max-candidates", "8"];
/// Leases that run out soon, a worker that looks often, and short baselines.
const SETTINGS: &[&str] = &["--set", "lease_seconds=2", "--set", "baseline_runs=2"];

/// A sound project that is added to a data folder and not yet worked on.
struct Prepared {
    home: Home,
    source: tempfile::TempDir,
}

impl Prepared {
    fn new() -> Self {
        let prepared = Self {
            home: Home::new(),
            source: tempfile::tempdir().unwrap(),
        };
        let source = prepared.source();
        let arguments = [&["add", source.to_str().unwrap()], REQUEST].concat();
        prepared.home.succeed(&arguments);
        prepared
    }

    fn source(&self) -> PathBuf {
        // The name decides the instances' ids, so it is the same in every test.
        project(&self.source.path().join("sums"), SOUND)
    }

    fn worker(&self) -> Command {
        let mut command = self
            .home
            .command(&[&["work", "--until-idle", "--workers", "2"], SETTINGS].concat());
        command.env("SWEMILL_LOG", "info,sqlx=error");
        command
    }
}

/// The data set of a run that nothing disturbs.
fn undisturbed() -> Vec<u8> {
    let prepared = Prepared::new();
    assert!(Watched::start(&mut prepared.worker()).ends_well());
    prepared.home.did_everything_once();
    let bytes = prepared.home.exported();
    assert!(bytes.len() > 1000, "too few instances to compare");
    prepared.home.leaves_nothing();
    bytes
}

/// A running command whose words on stderr can be waited for.
struct Watched {
    child: Child,
    lines: Receiver<String>,
    heard: Vec<String>,
}

/// The longest that a test waits for words or an end.
const PATIENCE: Duration = Duration::from_secs(400);

impl Watched {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::null()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (told, lines) = channel();
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let _ = told.send(line);
            }
        });
        Self {
            child,
            lines,
            heard: Vec::new(),
        }
    }

    /// Waits until a line holds the words; false when the command ended without.
    fn says(&mut self, words: &str) -> bool {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(deadline - Instant::now()) {
                Ok(line) => {
                    let found = line.contains(words);
                    self.heard.push(line);
                    if found {
                        return true;
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return false,
                Err(RecvTimeoutError::Timeout) => panic!("no `{words}` in {:#?}", self.heard),
            }
        }
    }

    fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status();
        assert!(sent.unwrap().success());
    }

    /// The exit code, or none for a killed command.
    fn ends(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                // What it said last.
                while let Ok(line) = self.lines.recv_timeout(Duration::from_secs(1)) {
                    self.heard.push(line);
                }
                return status.code();
            }
            if Instant::now() > deadline {
                let _ = self.child.kill();
                panic!("the command hung: {:#?}", self.heard);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn ends_well(mut self) -> bool {
        let code = self.ends();
        assert_eq!(code, Some(0), "{:#?}", self.heard);
        true
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The process of the private Postgres of a data folder, if one runs.
fn postmaster(home: &Path) -> Option<String> {
    let file = home.join("postgres/data/postmaster.pid");
    let text = std::fs::read_to_string(file).ok()?;
    text.lines().next().map(|line| line.trim().to_owned())
}

/// Whether the caller is root. What needs root is proven where it is, and in continuous integration always.
fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap().stdout;
    let root = id.trim_ascii() == b"0";
    assert!(
        root || std::env::var_os("CI").is_none(),
        "continuous integration runs this as root"
    );
    root
}
