//! How a run ended, decided from its records and from what became of the process.

use std::fmt;

use serde::{Deserialize, Serialize};
use swemill_sandbox::{self as sandbox, Output};

use crate::outcome::tail;
use crate::tally::Tally;

/// The signal of the timer by which a copy's test is given its processor time (see `swemill_watch.py`).
const SIGPROF: i32 = 27;

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Ending {
    /// Every test that was to run came to its end. pytest's exit status is 0, 1 for failures, 5 for no tests,
    /// and 3 where pytest failed after the last test.
    Complete {
        /// pytest's exit status.
        exit: i32,
    },
    /// The tested code ended the session, by `pytest.exit` or as Ctrl-C would.
    Interrupted {
        /// The test, or the file, that was at work.
        during: Option<String>,
        /// The exception.
        reason: String,
    },
    /// The process died: by a signal, or by an exit that pytest had no part in.
    Crashed {
        /// The test, or the file, that was at work.
        during: Option<String>,
        /// How the process ended.
        how: String,
    },
    /// The deadline came first.
    TimedOut {
        /// The test, or the file, that was at work.
        during: Option<String>,
    },
    /// More tests failed than anyone wanted to know of, and the run was ended.
    Enough {
        /// How many had failed.
        failed: usize,
    },
    /// More memory was used than allowed.
    OutOfMemory {
        /// The test, or the file, that was at work.
        during: Option<String>,
    },
    /// pytest did not accept its arguments, its configuration or a `conftest.py`.
    UsageError {
        /// What it said.
        message: String,
    },
    /// pytest or one of its plugins failed.
    InternalError {
        /// The test, or the file, that was at work.
        during: Option<String>,
        /// The traceback.
        message: String,
    },
    /// The interpreter or pytest could not be started.
    NotStarted {
        /// What was said.
        message: String,
    },
    /// Something wrote to the record channel that was not the plugin. No record of this run counts.
    Tampered {
        /// What was found.
        reason: String,
    },
}

impl Ending {
    /// Whether every test that was to run came to its end.
    pub fn is_complete(&self) -> bool {
        matches!(self, Self::Complete { .. })
    }

    /// The test, or the file, that was at work when the run broke off.
    pub fn during(&self) -> Option<&str> {
        match self {
            Self::Interrupted { during, .. }
            | Self::Crashed { during, .. }
            | Self::TimedOut { during }
            | Self::InternalError { during, .. }
            | Self::OutOfMemory { during } => during.as_deref(),
            _ => None,
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self
            .during()
            .map(|id| format!(" during {id}"))
            .unwrap_or_default();
        match self {
            Self::Complete { exit } => write!(formatter, "complete with exit status {exit}"),
            Self::Interrupted { reason, .. } => {
                write!(formatter, "the tests ended the session{at}: {reason}")
            }
            Self::Crashed { how, .. } => write!(formatter, "the process died{at}: {how}"),
            Self::TimedOut { .. } => write!(formatter, "the time was up{at}"),
            Self::Enough { failed } => {
                write!(formatter, "ended after {failed} tests had failed")
            }
            Self::OutOfMemory { .. } => write!(formatter, "the memory was used up{at}"),
            Self::UsageError { message } => {
                write!(formatter, "pytest refused its configuration: {message}")
            }
            Self::InternalError { message, .. } => {
                write!(formatter, "pytest failed{at}: {message}")
            }
            Self::NotStarted { message } => {
                write!(formatter, "pytest could not be started: {message}")
            }
            Self::Tampered { reason } => {
                write!(formatter, "the record channel was tampered with: {reason}")
            }
        }
    }
}

/// Decides it. `forged` says what the channel held that is no record.
pub(crate) fn ending(tally: &Tally, forged: Option<String>, output: &Output) -> Ending {
    if let Some(reason) = forged {
        return Ending::Tampered { reason };
    }
    if let Some(failed) = tally.enough {
        return Ending::Enough { failed };
    }
    let during = tally.at_work();
    let said = || last_words(output);
    match (tally.exit, output.ending) {
        (None, sandbox::Ending::ChannelFlooded) => Ending::Tampered {
            reason: "more bytes than all records of a run may have".into(),
        },
        (None, sandbox::Ending::TimedOut | sandbox::Ending::Signalled(SIGPROF)) => {
            Ending::TimedOut { during }
        }
        (None, sandbox::Ending::OutOfMemory) => Ending::OutOfMemory { during },
        (None, how) if tally.python.is_none() => Ending::NotStarted {
            message: format!("{}: {}", describe(how), said()),
        },
        (None, how) => Ending::Crashed {
            during,
            how: describe(how),
        },
        (Some(exit), _) => finished(tally, exit, during, said),
    }
}

/// The ending of a session that pytest itself brought to its end.
fn finished(tally: &Tally, exit: i32, during: Option<String>, said: impl Fn() -> String) -> Ending {
    if let Some(message) = &tally.no_pytest {
        return Ending::NotStarted {
            message: message.clone(),
        };
    }
    if let Some(reason) = &tally.interrupted {
        return Ending::Interrupted {
            during,
            reason: reason.clone(),
        };
    }
    // pytest fails after the last test where tests left the process unfit for its own last words.
    if exit == 3 && tally.all_ended() {
        return Ending::Complete { exit };
    }
    if let Some(message) = &tally.internal_error {
        return Ending::InternalError {
            during,
            message: message.clone(),
        };
    }
    match exit {
        2 => Ending::Interrupted {
            during,
            reason: said(),
        },
        3 => Ending::InternalError {
            during,
            message: said(),
        },
        4 => Ending::UsageError { message: said() },
        // 0, 1, 5, and what plugins and `conftest.py` set by themselves.
        _ => Ending::Complete { exit },
    }
}

fn describe(ending: sandbox::Ending) -> String {
    match ending {
        sandbox::Ending::Exited(97) => "it closed or lost the record channel".into(),
        sandbox::Ending::Exited(status) => format!("exit status {status}"),
        sandbox::Ending::Signalled(signal) => format!("signal {signal}"),
        other => format!("{other:?}"),
    }
}

fn last_words(output: &Output) -> String {
    let stderr = tail(&output.stderr);
    if stderr.trim().is_empty() {
        tail(&output.stdout)
    } else {
        stderr
    }
}
