//! One run of a repository's tests in one sandbox.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use rand::TryRng;
use serde::{Deserialize, Serialize};
use swemill_sandbox::{self as sandbox, Command, Output, Sandbox};

use crate::command::VARIABLES;
use crate::frame::{self, StreamEnd};
use crate::plugin;
use crate::record::{PluginRequest, Record};
use crate::tally::Tally;
use crate::{Error, Request, Result, Selection, Status, TestCommand, TestRecord};

/// Characters kept of one failure's text, and of all together.
const TEXT_BYTES: usize = 16 << 10;
const TOTAL_TEXT_BYTES: usize = 32 << 20;
/// Bytes kept of the end of each output stream.
const TAIL_BYTES: usize = 8 << 10;

/// What one run did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TestRun {
    /// Every test that came to its end, by its whole id.
    pub tests: BTreeMap<String, TestRecord>,
    /// Files, folders and classes that pytest could not collect.
    pub collection_errors: Vec<CollectionError>,
    /// Ids that were asked for and are not there.
    pub not_found: Vec<String>,
    /// How it ended.
    pub ending: Ending,
    /// Wall time of the whole process.
    pub wall: Duration,
    /// User and system time of all its processes.
    pub cpu: Duration,
    /// The interpreter's version, where one started.
    pub python: Option<String>,
    /// pytest's version, where it could be imported.
    pub pytest: Option<String>,
    /// The end of standard output, for people. Never a verdict.
    pub stdout_tail: String,
    /// The end of standard error, for people. Never a verdict.
    pub stderr_tail: String,
}

/// A file, folder or class that pytest could not collect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionError {
    /// Its id: what the ids of its tests would begin with.
    pub id: String,
    /// The failure as pytest shows it.
    pub text: String,
}

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

impl TestRun {
    /// What this run says of a test. A test whose file, folder or class could not be collected is an error;
    /// one that nothing is known of is missing.
    pub fn status(&self, id: &str) -> Status {
        if let Some(record) = self.tests.get(id) {
            return record.status;
        }
        if self.collection_error_of(id).is_some() {
            return Status::Error;
        }
        Status::Missing
    }

    /// The collection error that keeps a test from being there.
    pub fn collection_error_of(&self, id: &str) -> Option<&CollectionError> {
        self.collection_errors.iter().find(|error| error.holds(id))
    }

    /// How many tests have this status.
    pub fn count(&self, status: Status) -> usize {
        self.tests
            .values()
            .filter(|record| record.status == status)
            .count()
    }
}

impl CollectionError {
    /// Whether a test of this id would stand in what could not be collected.
    fn holds(&self, id: &str) -> bool {
        let at = self.id.trim_end_matches('/');
        // The session itself: nothing was collected.
        if at.is_empty() || at == "." {
            return true;
        }
        let package = at.strip_suffix("/__init__.py");
        let under = |prefix: &str, mark: &str| {
            id.strip_prefix(prefix)
                .is_some_and(|rest| rest.starts_with(mark))
        };
        under(at, "::") || under(at, "/") || package.is_some_and(|folder| under(folder, "/"))
    }
}

/// The tests that a run would run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Collection {
    /// Every test's id with its file and its line, from 1.
    pub tests: BTreeMap<String, (String, Option<u64>)>,
    /// Ids that more than one test bears.
    pub duplicates: Vec<String>,
    /// What could not be collected.
    pub collection_errors: Vec<CollectionError>,
    /// How it ended.
    pub ending: Ending,
    /// The interpreter's version, where one started.
    pub python: Option<String>,
    /// pytest's version, where it could be imported.
    pub pytest: Option<String>,
    /// The end of standard output, for people.
    pub stdout_tail: String,
    /// The end of standard error, for people.
    pub stderr_tail: String,
}

/// Runs tests. The sandbox must have the plugin's mount (see [`plugin::install`]).
pub async fn run(
    sandbox: &dyn Sandbox,
    command: &TestCommand,
    request: &Request,
) -> Result<TestRun> {
    let (tally, ending, output) = execute(sandbox, command, request, "run").await?;
    Ok(TestRun {
        tests: tally.tests,
        collection_errors: tally.collection_errors,
        not_found: tally.not_found,
        ending,
        wall: output.wall,
        cpu: output.cpu,
        python: tally.python,
        pytest: tally.pytest,
        stdout_tail: tail(&output.stdout),
        stderr_tail: tail(&output.stderr),
    })
}

/// Collects tests and runs none.
pub async fn collect(
    sandbox: &dyn Sandbox,
    command: &TestCommand,
    timeout: Duration,
) -> Result<Collection> {
    let (tally, ending, output) =
        execute(sandbox, command, &Request::all(timeout), "collect").await?;
    Ok(Collection {
        tests: tally.items,
        duplicates: tally.duplicates.into_iter().collect(),
        collection_errors: tally.collection_errors,
        ending,
        python: tally.python,
        pytest: tally.pytest,
        stdout_tail: tail(&output.stdout),
        stderr_tail: tail(&output.stderr),
    })
}

async fn execute(
    sandbox: &dyn Sandbox,
    command: &TestCommand,
    request: &Request,
    mode: &'static str,
) -> Result<(Tally, Ending, Output)> {
    let mut key = [0; frame::KEY_BYTES];
    rand::rngs::SysRng
        .try_fill_bytes(&mut key)
        .map_err(|error| Error::Random(error.to_string()))?;
    let greeting = frame::greeting(&key, &plugin_request(request, mode));
    let output = sandbox
        .exec(sandbox_command(command, request.timeout, greeting))
        .await?;
    let (tally, forged) = tally(&output.channel, &key);
    let ending = ending(&tally, forged, &output);
    tracing::debug!(
        run.tests = tally.tests.len(),
        run.wall_ms = u64::try_from(output.wall.as_millis()).unwrap_or(u64::MAX),
        run.ending = %ending,
    );
    if matches!(ending, Ending::Tampered { .. }) {
        return Ok((Tally::default(), ending, output));
    }
    Ok((tally, ending, output))
}

fn plugin_request(request: &Request, mode: &'static str) -> Vec<u8> {
    let request = PluginRequest {
        mode,
        ids: match &request.selection {
            Selection::All => None,
            Selection::Ids(ids) => Some(ids),
        },
        exclude: request.exclude.iter().map(String::as_str).collect(),
        shuffle: request.shuffle.map(|seed| seed.to_string()),
        text_bytes: TEXT_BYTES,
        total_text_bytes: TOTAL_TEXT_BYTES,
    };
    serde_json::to_vec(&request).expect("text and numbers are always JSON")
}

fn sandbox_command(command: &TestCommand, timeout: Duration, greeting: Vec<u8>) -> Command {
    let argv = [
        command.interpreter.clone().into_os_string(),
        plugin::program().into_os_string(),
    ];
    let mut started = Command::new(
        argv.into_iter()
            .chain(command.arguments.iter().map(Into::into)),
    )
    .timeout(timeout)
    .channel(greeting);
    started
        .working_directory
        .clone_from(&command.working_directory);
    started.variables = VARIABLES
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .chain(command.variables.clone())
        .collect();
    started
}

/// Adds up the records, and says where the channel holds something that is none.
fn tally(channel: &[u8], key: &[u8; frame::KEY_BYTES]) -> (Tally, Option<String>) {
    let frames = frame::read(channel, key);
    let mut tally = Tally::default();
    for body in &frames.bodies {
        if tally.exit.is_some() {
            return (tally, Some("a record after the last".to_owned()));
        }
        match serde_json::from_slice::<Record>(body) {
            Ok(record) => tally.add(record),
            Err(error) => {
                return (
                    tally,
                    Some(format!("a record that the plugin never writes: {error}")),
                );
            }
        }
    }
    let forged = match frames.end {
        StreamEnd::Clean | StreamEnd::Cut => None,
        StreamEnd::Forged(offset) => Some(format!(
            "bytes that the plugin did not write, at offset {offset}"
        )),
    };
    (tally, forged)
}

fn ending(tally: &Tally, forged: Option<String>, output: &Output) -> Ending {
    if let Some(reason) = forged {
        return Ending::Tampered { reason };
    }
    let during = tally.at_work();
    let said = || last_words(output);
    match (tally.exit, output.ending) {
        (None, sandbox::Ending::ChannelFlooded) => Ending::Tampered {
            reason: "more bytes than all records of a run may have".into(),
        },
        (None, sandbox::Ending::TimedOut) => Ending::TimedOut { during },
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
        0 | 1 | 5 => Ending::Complete { exit },
        2 => Ending::Interrupted {
            during,
            reason: said(),
        },
        3 => Ending::InternalError {
            during,
            message: said(),
        },
        4 => Ending::UsageError { message: said() },
        // Plugins and `conftest.py` may set a status of their own.
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

fn tail(stream: &sandbox::Stream) -> String {
    let text = stream.to_text();
    let mut start = text.len().saturating_sub(TAIL_BYTES);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    text[start..].to_owned()
}
