//! What befalls the machine: kills, signals, two workers at once, a Postgres that goes away, a full disk.
//!
//! However a run is disturbed, it ends with the bytes that an undisturbed one exports.

mod disk;
mod kills;
mod postgres;

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::support::{Home, SOUND, project};

/// What every run of these tests asks for, so that all give the same data set.
const REQUEST: &[&str] = &["--seed", "3", "--max-candidates", "8"];
/// Leases that run out soon, a worker that looks often, and short baselines.
const SETTINGS: &[&str] = &["--set", "lease_seconds=5", "--set", "baseline_runs=2"];

/// A sound project. Every data folder of a test takes it from here: rows name where it lies.
struct Source(tempfile::TempDir);

impl Source {
    fn new() -> Self {
        let source = Self(tempfile::tempdir().unwrap());
        project(&source.path(), SOUND);
        source
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("sums")
    }

    /// The command that asks for it.
    fn asked(&self, verb: &str) -> Vec<String> {
        let path = self.path().to_str().unwrap().to_owned();
        let request = REQUEST.iter().map(|&word| word.to_owned());
        [verb.to_owned(), path].into_iter().chain(request).collect()
    }
}

/// A data folder in which the source waits to be worked on.
struct Prepared {
    home: Home,
}

impl Prepared {
    fn new(source: &Source) -> Self {
        let home = Home::new();
        let asked = source.asked("add");
        home.succeed(&asked.iter().map(String::as_str).collect::<Vec<_>>());
        Self { home }
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
fn undisturbed(source: &Source) -> Vec<u8> {
    let prepared = Prepared::new(source);
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
        self.says_any(&[words])
    }

    /// Waits until a line holds one of the words.
    fn says_any(&mut self, words: &[&str]) -> bool {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(deadline - Instant::now()) {
                Ok(line) => {
                    let found = words.iter().any(|words| line.contains(words));
                    self.heard.push(line);
                    if found {
                        return true;
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return false,
                Err(RecvTimeoutError::Timeout) => panic!("none of {words:?} in {:#?}", self.heard),
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

/// Demands that two data sets are the same, and says where they differ.
fn same(made: &[u8], expected: &[u8]) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (made, expected) = (text(made), text(expected));
    for (one, other) in made.lines().zip(expected.lines()) {
        assert_eq!(one, other);
    }
    assert_eq!(made.lines().count(), expected.lines().count());
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
