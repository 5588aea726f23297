//! Commands of an agent in a sandbox, with standard error joined to standard output.

use std::sync::LazyLock;
use std::time::Duration;

use regex::Regex;
use swemill_sandbox::{Command, Ending, Output, Result, Sandbox};

use crate::action::Observation;

/// mini-swe-agent's submission marker: the first line of the output of a command that succeeds.
const MARKER: &str = "COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT";

/// What both interfaces set, so that no program waits for a person or draws progress; and, besides, no bytecode: Python
/// takes it for fresh if a file has the size and the second it had, which an edit by a fast agent does not change.
const VARIABLES: &[(&str, &str)] = &[
    ("PAGER", "cat"),
    ("MANPAGER", "cat"),
    ("GIT_PAGER", "cat"),
    ("LESS", "-R"),
    ("PIP_PROGRESS_BAR", "off"),
    ("TQDM_DISABLE", "1"),
    ("PYTHONDONTWRITEBYTECODE", "1"),
];

/// A shell of its own for each command.
const FRESH: &str = r#"exec bash -c "$1" 2>&1"#;

/// A command that is no bash is not begun, as published: standard error and [`NO_BASH`] say so. Then, what a shell leaves
/// to the next one: its folder and its exported variables. Processes of a sandbox do not outlive their command, so
/// SWE-agent's one long shell is made of many.
const SESSION: &str = r#"
if [ -n "$2" ]; then bash -n <"$2"; else bash -n <<<"$1"; fi || exit 242
exec 2>&1
[ -r /tmp/.swemill-session ] && . /tmp/.swemill-session
trap '{ export -p; printf "cd -- %q\n" "$PWD"; } >/tmp/.swemill-session 2>/dev/null' EXIT
eval "$1"
"#;

/// The status of a session's shell that was given no bash.
const NO_BASH: i32 = 242;

/// The kernel takes no argument of more than 128 KiB; longer commands go by way of this file.
const LONGEST_ARGUMENT: usize = 120 << 10;
const COMMAND_FILE: &str = "/tmp/.swemill-command";

static CONTROL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\x1B[@-_][0-?]*[ -/]*[@-~]").expect("the pattern is valid"));

/// Runs a command in a shell of its own, as mini-swe-agent does, and looks for the submission marker.
pub(crate) async fn fresh(
    sandbox: &dyn Sandbox,
    command: &str,
    limit: Duration,
) -> Result<Observation> {
    if command.contains('\0') {
        return Ok(exception("embedded null byte", 0.0));
    }
    let output = run(sandbox, FRESH, command, limit).await?;
    let mut observation = observed(&output);
    if observation.timed_out {
        let seconds = limit.as_secs_f64();
        let text = std::mem::take(&mut observation.output);
        let reason = format!("Command '{command}' timed out after {seconds} seconds");
        observation = Observation {
            output: text,
            timed_out: true,
            ..exception(&reason, observation.seconds)
        };
    }
    observation.submitted = submission(&observation);
    Ok(observation)
}

/// Runs a command in the shell that earlier ones have left, as SWE-agent does. The inner error is what bash says of a
/// command that is none.
pub(crate) async fn session(
    sandbox: &dyn Sandbox,
    command: &str,
    limit: Duration,
) -> Result<std::result::Result<Observation, String>> {
    if command.contains('\0') {
        return Ok(Err("bash: a null byte in the command".to_owned()));
    }
    let output = run(sandbox, SESSION, command, limit).await?;
    // Once a command has begun, nothing is on standard error but what `bash -n` warned of, and hardly anything exits so.
    if output.ending == Ending::Exited(NO_BASH) && output.stdout.head.is_empty() {
        let errors = output.stderr.to_text();
        if !errors.is_empty() {
            return Ok(Err(errors));
        }
    }
    let mut observation = observed(&output);
    let text = CONTROL.replace_all(&observation.output, "");
    observation.output = text.replace("\r\n", "\n");
    Ok(Ok(observation))
}

async fn run(
    sandbox: &dyn Sandbox,
    script: &str,
    command: &str,
    limit: Duration,
) -> Result<Output> {
    let (mut argument, mut file_of_it) = (command, "");
    let sourced = format!(". {COMMAND_FILE}");
    if command.len() > LONGEST_ARGUMENT {
        let file = std::path::Path::new(COMMAND_FILE);
        sandbox.write(file, command.as_bytes(), false).await?;
        (argument, file_of_it) = (&sourced, COMMAND_FILE);
    }
    let mut exec =
        Command::new(["bash", "-c", script, "bash", argument, file_of_it]).timeout(limit);
    for (name, value) in VARIABLES {
        exec = exec.variable(*name, *value);
    }
    sandbox.exec(exec).await
}

fn observed(output: &Output) -> Observation {
    Observation {
        output: output.stdout.to_text(),
        returncode: match output.ending {
            Ending::Exited(status) => status,
            Ending::Signalled(signal) => 128 + signal,
            Ending::OutOfMemory => 137,
            _ => -1,
        },
        timed_out: output.ending == Ending::TimedOut,
        seconds: output.wall.as_secs_f64(),
        ..Observation::default()
    }
}

fn exception(reason: &str, seconds: f64) -> Observation {
    Observation {
        returncode: -1,
        exception: Some(format!(
            "An error occurred while executing the command: {reason}"
        )),
        seconds,
        ..Observation::default()
    }
}

/// What follows the marker.
fn submission(observation: &Observation) -> Option<String> {
    let output = observation.output.trim_start();
    let (first, rest) = output.split_once('\n').unwrap_or((output, ""));
    (observation.returncode == 0 && first.trim() == MARKER).then(|| rest.to_owned())
}
