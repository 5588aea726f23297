//! One run of a repository's tests in one sandbox.

use std::time::Duration;

use rand::TryRng;
use swemill_sandbox::{Command, Output, Sandbox};

use crate::command::VARIABLES;
use crate::ending::ending;
use crate::frame::{self, StreamEnd};
use crate::outcome::tail;
use crate::plugin;
use crate::record::{Beyond, PluginRequest, Record};
use crate::tally::Tally;
use crate::{Collection, Ending, Error, Request, Result, Selection, TestCommand, TestRun};

/// Characters kept of one failure's text, and of all together.
const TEXT_BYTES: usize = 16 << 10;
const TOTAL_TEXT_BYTES: usize = 32 << 20;

/// What is asked of the plugin, in full.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) request: &'a Request,
    pub(crate) mode: &'static str,
    pub(crate) beyond: Option<Beyond<'a>>,
}

impl Asked<'_> {
    /// As the plugin reads it.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        let request = PluginRequest {
            mode: self.mode,
            ids: match &self.request.selection {
                Selection::All => None,
                Selection::Ids(ids) => Some(ids),
            },
            exclude: self.request.exclude.iter().map(String::as_str).collect(),
            shuffle: self.request.shuffle.map(|seed| seed.to_string()),
            text_bytes: TEXT_BYTES,
            total_text_bytes: TOTAL_TEXT_BYTES,
            beyond: self.beyond.clone(),
        };
        serde_json::to_vec(&request).expect("text and numbers are always JSON")
    }
}

/// Runs tests. The sandbox must have the plugin's mount (see [`plugin::install`]).
pub async fn run(
    sandbox: &dyn Sandbox,
    command: &TestCommand,
    request: &Request,
) -> Result<TestRun> {
    let asked = Asked {
        request,
        mode: "run",
        beyond: None,
    };
    let (tally, ending, output) = execute(sandbox, command, &asked).await?;
    Ok(test_run(tally, ending, &output))
}

/// Collects tests and runs none.
pub async fn collect(
    sandbox: &dyn Sandbox,
    command: &TestCommand,
    timeout: Duration,
) -> Result<Collection> {
    let asked = Asked {
        request: &Request::all(timeout),
        mode: "collect",
        beyond: None,
    };
    let (tally, ending, output) = execute(sandbox, command, &asked).await?;
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

pub(crate) async fn execute(
    sandbox: &dyn Sandbox,
    command: &TestCommand,
    asked: &Asked<'_>,
) -> Result<(Tally, Ending, Output)> {
    let key = key()?;
    let greeting = frame::greeting(&key, &asked.to_json());
    let output = sandbox
        .exec(sandbox_command(command, asked.request.timeout, greeting))
        .await?;
    let (tally, ending) = judge(&output, &key);
    Ok((tally, ending, output))
}

/// A key for one channel.
pub(crate) fn key() -> Result<[u8; frame::KEY_BYTES]> {
    let mut key = [0; frame::KEY_BYTES];
    rand::rngs::SysRng
        .try_fill_bytes(&mut key)
        .map_err(|error| Error::Random(error.to_string()))?;
    Ok(key)
}

/// What a process told over its channel, and how it ended; nothing it told counts if the channel was forged.
pub(crate) fn judge(output: &Output, key: &[u8; frame::KEY_BYTES]) -> (Tally, Ending) {
    let (tally, forged) = tally(&output.channel, key);
    let ending = ending(&tally, forged, output);
    tracing::debug!(
        run.tests = tally.tests.len(),
        run.wall_ms = u64::try_from(output.wall.as_millis()).unwrap_or(u64::MAX),
        run.ending = %ending,
    );
    if matches!(ending, Ending::Tampered { .. }) {
        return (Tally::default(), ending);
    }
    (tally, ending)
}

/// A run as it is kept.
pub(crate) fn test_run(tally: Tally, ending: Ending, output: &Output) -> TestRun {
    TestRun {
        tests: tally.tests,
        collection_errors: tally.collection_errors,
        not_found: tally.not_found,
        ending,
        wall: output.wall,
        cpu: output.cpu,
        // Of the tests' process, so not above what all took.
        testing: Duration::try_from_secs_f64(tally.testing)
            .unwrap_or_default()
            .min(output.cpu),
        late_garbage: tally.late_garbage,
        repeated: tally.repeated,
        python: tally.python,
        pytest: tally.pytest,
        stdout_tail: tail(&output.stdout),
        stderr_tail: tail(&output.stderr),
    }
}

pub(crate) fn sandbox_command(
    command: &TestCommand,
    timeout: Duration,
    greeting: Vec<u8>,
) -> Command {
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
        let records = match records(body) {
            Ok(records) => records,
            Err(error) => {
                return (
                    tally,
                    Some(format!("a record that the plugin never writes: {error}")),
                );
            }
        };
        for record in records {
            if tally.exit.is_some() {
                return (tally, Some("a record after the last".to_owned()));
            }
            tally.add(record);
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

/// What a frame holds: one record, or a list of them.
fn records(body: &[u8]) -> serde_json::Result<Vec<Record>> {
    if body.starts_with(b"[") {
        serde_json::from_slice(body)
    } else {
        Ok(vec![serde_json::from_slice(body)?])
    }
}
