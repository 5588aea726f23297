//! Everything that reaches the terminal: results on stdout, the rest on stderr, colour only for people.

use std::fmt::Display;
use std::io::{IsTerminal, Write as _};
use std::process::ExitCode;

use serde::Serialize;
use tracing_subscriber::EnvFilter;

use super::exit;
use super::harmless::harmless;

/// Where a verb's words go.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    json: bool,
    colour: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let colour = wanted && !json && std::io::stdout().is_terminal();
        Self { json, colour }
    }

    /// Whether one JSON document is all that may be printed.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Whether progress may be drawn.
    pub(crate) fn draws(&self) -> bool {
        !self.json && std::io::stderr().is_terminal()
    }

    /// A line of the result. Nothing is said under `--json`, nor when the reader has gone.
    pub(crate) fn line(&self, text: impl Display) {
        if !self.json {
            let _ = writeln!(std::io::stdout().lock(), "{}", harmless(&text.to_string()));
        }
    }

    /// A piece of a result that grows. On a terminal it is made harmless; in a pipe it is given as it is.
    pub(crate) fn piece(&self, text: &str) {
        if self.json || text.is_empty() {
            return;
        }
        let mut stdout = std::io::stdout().lock();
        let text = if stdout.is_terminal() {
            &harmless(text)
        } else {
            text
        };
        let _ = stdout.write_all(text.as_bytes());
        let _ = stdout.flush();
    }

    /// A line about how things go, on stderr.
    pub(crate) fn note(&self, text: impl Display) {
        if !self.json {
            let _ = writeln!(std::io::stderr().lock(), "{}", harmless(&text.to_string()));
        }
    }

    /// The whole result as one JSON document.
    #[expect(
        clippy::unused_self,
        reason = "all that a verb prints goes through its output"
    )]
    pub(crate) fn document(&self, value: &impl Serialize) -> anyhow::Result<()> {
        let mut stdout = std::io::stdout().lock();
        serde_json::to_writer_pretty(&mut stdout, value)?;
        writeln!(stdout)?;
        Ok(())
    }

    /// Text that stands out, where colour is allowed.
    pub(crate) fn bold(&self, text: impl Display) -> String {
        self.styled("1", text)
    }

    /// Text that says that something is well.
    pub(crate) fn good(&self, text: impl Display) -> String {
        self.styled("32", text)
    }

    /// Text that says that something is not.
    pub(crate) fn bad(&self, text: impl Display) -> String {
        self.styled("31", text)
    }

    fn styled(&self, code: &str, text: impl Display) -> String {
        if self.colour {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_string()
        }
    }

    /// Reports an error with its causes and the exit code that goes with it.
    pub(crate) fn failed(&self, error: &anyhow::Error) -> ExitCode {
        let gone = |error: &anyhow::Error| {
            let io = error.downcast_ref::<std::io::Error>();
            io.is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
        };
        if gone(error) {
            return ExitCode::SUCCESS;
        }
        // Causes that their context already quotes are not said twice.
        let mut message = String::new();
        for cause in error.chain().map(ToString::to_string) {
            if message.is_empty() {
                message = cause;
            } else if !message.contains(&cause) {
                message.push_str("\n  because: ");
                message.push_str(&cause);
            }
        }
        if self.json {
            let document = serde_json::json!({ "error": message });
            let _ = self.document(&document);
        } else {
            let word = if std::io::stderr().is_terminal() && self.colour {
                "\x1b[31merror\x1b[0m"
            } else {
                "error"
            };
            let message = harmless(&message);
            let _ = writeln!(std::io::stderr().lock(), "{word}: {message}");
        }
        ExitCode::from(exit::FAILED)
    }
}

/// So many of what a regular word names.
pub(crate) fn counted(count: impl Display, word: &str) -> String {
    let count = count.to_string();
    let ending = if count == "1" { "" } else { "s" };
    format!("{count} {word}{ending}")
}

/// Sends diagnostics to stderr; `SWEMILL_LOG` chooses which (`warn` unless told).
pub(crate) fn log_to_stderr() {
    let filter = EnvFilter::try_from_env("SWEMILL_LOG")
        .unwrap_or_else(|_| EnvFilter::new("warn,sqlx=error,sqlx_core=error"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .without_time()
        .init();
}
