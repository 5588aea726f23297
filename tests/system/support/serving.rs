//! A verb that serves, from its start to its stop.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A running server.
pub(crate) struct Server {
    process: Child,
    /// What it says that it serves.
    pub(crate) url: String,
}

impl Server {
    /// Starts a verb that begins its first line with its URL.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut process = command.stderr(Stdio::inherit()).spawn().unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        let url = line.split(' ').next().unwrap().to_owned();
        assert!(url.starts_with("http://127.0.0.1:"), "{line:?}");
        Self { process, url }
    }

    /// Its process's id.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Sends SIGTERM.
    pub(crate) fn terminate(&self) {
        let mut kill = Command::new("kill");
        assert!(kill.arg(self.id().to_string()).status().unwrap().success());
    }

    /// Waits for its end; returns the exit code.
    pub(crate) fn ends(&mut self) -> Option<i32> {
        for _ in 0..600 {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the server does not stop");
    }

    /// Sends SIGTERM; returns the exit code.
    pub(crate) fn stop(mut self) -> Option<i32> {
        self.terminate();
        self.ends()
    }

    /// Kills it.
    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // After `stop` there is nothing left to kill.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
