//! Commands of another program, one after another in one sandbox: how agents that bring their own loop work here.

use std::time::Duration;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use swemill_sandbox::{Command, Ending, Output, Sandbox};
use tokio::sync::mpsc;

/// Takes `$1` for a script whose standard error is its standard output.
const JOINED: &str = r#"exec bash -c "$1" 2>&1"#;

/// A line of standard input.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// What bash runs.
    command: String,
    /// Seconds; the setting for tests otherwise.
    timeout: Option<f64>,
    /// The folder that it starts in; the repository otherwise.
    cwd: Option<String>,
}

/// A line of standard output.
#[derive(Debug, Serialize)]
struct Answered {
    /// Standard output and standard error as they came; bytes that are not UTF-8 are replaced, and what a long one
    /// leaves out is named.
    output: String,
    /// As a shell tells it; -1 if the command was ended from outside.
    returncode: i32,
    /// Why it was ended from outside.
    error: Option<&'static str>,
}

/// Answers each line of standard input with one of standard output, until the input ends.
pub(super) async fn hold(sandbox: &dyn Sandbox) -> anyhow::Result<()> {
    let mut lines = lines();
    while let Some(line) = lines.recv().await {
        let line = line.context("cannot read standard input")?;
        let asked: Asked = serde_json::from_str(&line).with_context(|| {
            format!(
                "{line:?} is no command; one looks like {{\"command\": \"ls\", \"timeout\": 30}}"
            )
        })?;
        let answered = answered(&sandbox.exec(command(asked)?).await?);
        let mut text = serde_json::to_vec(&answered)?;
        text.push(b'\n');
        let mut stdout = std::io::stdout().lock();
        std::io::Write::write_all(&mut stdout, &text)?;
        std::io::Write::flush(&mut stdout)?;
    }
    Ok(())
}

/// The lines of standard input, read by a thread of their own: it may wait for ever, and the sandbox does not for it.
fn lines() -> mpsc::Receiver<std::io::Result<String>> {
    let (tell, lines) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in std::io::stdin().lines() {
            if tell.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}

fn command(asked: Asked) -> anyhow::Result<Command> {
    let mut command = Command::new(["bash", "-c", JOINED, "bash", &asked.command]);
    if let Some(seconds) = asked.timeout {
        let timeout = Duration::try_from_secs_f64(seconds);
        command = command.timeout(timeout.context("a timeout is a number of seconds")?);
    }
    if let Some(folder) = asked.cwd {
        command = command.working_directory(folder);
    }
    Ok(command)
}

fn answered(done: &Output) -> Answered {
    let (returncode, error) = match done.ending {
        Ending::Exited(status) => (status, None),
        Ending::Signalled(signal) => (128 + signal, None),
        Ending::TimedOut => (-1, Some("the command took too long and was ended")),
        Ending::OutOfMemory => (-1, Some("the command used too much memory and was ended")),
        _ => (-1, Some("the command was ended")),
    };
    Answered {
        output: done.stdout.to_text(),
        returncode,
        error,
    }
}
