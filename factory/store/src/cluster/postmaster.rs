//! The running server, as its `postmaster.pid` and the kernel tell of it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::ClusterError;
use super::folder::Folder;

/// A server that runs on the cluster's data.
#[derive(Clone, Debug)]
pub(super) struct Postmaster {
    pid: Pid,
    /// Where its socket is.
    pub(super) socket_folder: Option<PathBuf>,
    /// Whether it takes connections.
    pub(super) ready: bool,
}

impl Postmaster {
    /// The server that runs now, if one does: not a file that a killed one left.
    pub(super) fn find(folder: &Folder) -> Result<Option<Self>, ClusterError> {
        // The lines: pid, data directory, start time, port, socket folder, listen address, shared memory, status.
        let path = folder.data().join("postmaster.pid");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(ClusterError::file("read", path)(error)),
        };
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let Some(pid) = lines
            .first()
            .and_then(|line| line.parse().ok())
            .map(Pid::from_raw)
        else {
            return Ok(None);
        };
        let server = Self {
            pid,
            socket_folder: lines
                .get(4)
                .filter(|line| !line.is_empty())
                .map(PathBuf::from),
            ready: lines.get(7) == Some(&"ready"),
        };
        Ok(server.runs_on(&folder.data()).then_some(server))
    }

    /// Whether the process is a server on these data, and not another that got its number since.
    fn runs_on(&self, data: &Path) -> bool {
        let Ok(line) = fs::read(format!("/proc/{}/cmdline", self.pid)) else {
            return false;
        };
        line.split(|&byte| byte == 0)
            .any(|word| word == data.as_os_str().as_encoded_bytes())
    }

    /// Stops the server: open connections are closed, what is committed is safe. Waits until it is gone.
    pub(super) fn stop(&self, folder: &Folder) -> Result<(), ClusterError> {
        const FAST: Duration = Duration::from_secs(30);
        const IMMEDIATE: Duration = Duration::from_secs(10);
        // SIGINT is PostgreSQL's fast shutdown; SIGQUIT the immediate one, which recovers at the next start.
        for (signal, patience) in [(Signal::SIGINT, FAST), (Signal::SIGQUIT, IMMEDIATE)] {
            match kill(self.pid, signal) {
                Ok(()) | Err(Errno::ESRCH) => {}
                Err(error) => {
                    return Err(ClusterError::file("stop the server in", folder.data())(
                        error.into(),
                    ));
                }
            }
            if self.wait_until_gone(&folder.data(), patience) {
                return Ok(());
            }
        }
        Err(ClusterError::Unresponsive {
            folder: folder.root().to_owned(),
            what: "stop",
            seconds: (FAST + IMMEDIATE).as_secs(),
            log: folder.log(),
        })
    }

    fn wait_until_gone(&self, data: &Path, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        while self.runs_on(data) {
            if Instant::now() > deadline {
                return false;
            }
            sleep(Duration::from_millis(5));
        }
        // If it is this command's child, the thread that waits for it needs a moment to take it off the table.
        for _ in 0..50 {
            if kill(self.pid, None).is_err() {
                break;
            }
            sleep(Duration::from_millis(2));
        }
        true
    }
}

/// Makes a `postmaster.pid` that a killed server left harmless when another process has got its number since:
/// Postgres would take that for a running server. Only the number is changed; the rest of the file, by which
/// Postgres makes sure that no orphan of the killed server still writes, stays.
pub(super) fn disarm_stale_file(folder: &Folder) -> Result<(), ClusterError> {
    /// Larger than any process number of Linux.
    const NOBODY: &str = "999999999";
    let path = folder.data().join("postmaster.pid");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(ClusterError::file("read", path)(error)),
    };
    let (pid, rest) = text.split_once('\n').unwrap_or((&text, ""));
    if pid
        .trim()
        .parse()
        .is_ok_and(|pid| kill(Pid::from_raw(pid), None) != Err(Errno::ESRCH))
    {
        fs::write(&path, format!("{NOBODY}\n{rest}")).map_err(ClusterError::file("write", path))?;
    }
    Ok(())
}
