//! `swemill enter`: look at the place that an agent gets, or work in it.

mod session;

use std::ffi::OsString;
use std::fs::File;
use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::json;
use swemill_sandbox::{Command, Ending, Stream};
use swemill_store::instances;

use crate::cli::exit;
use crate::cli::output::Output;
use crate::cli::progress::Progress;
use crate::machine::Machine;
use crate::seal::{Options, Sealed, seal};
use crate::service::Service;
use crate::settings::Settings;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The instance
    #[arg(value_name = "ID")]
    id: String,
    /// Leave the tests that judge the repair in the repository
    #[arg(long)]
    keep_tests: bool,
    /// Write the repository that the agent gets into this tar archive
    #[arg(long, value_name = "FILE")]
    tar: Option<PathBuf>,
    /// Take commands from standard input and run them in one sandbox: a JSON object a line with `command` and, if
    /// wanted, `timeout` in seconds and `cwd`; each is answered with a line that has `output` and `returncode`
    #[arg(long, conflicts_with_all = ["command", "json"])]
    commands: bool,
    /// Run this there; standard input is passed on
    #[arg(value_name = "COMMAND", last = true)]
    command: Vec<OsString>,
}

pub(super) async fn run(
    arguments: Arguments,
    settings: Settings,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let service = Service::open(settings).await?;
    let id = &arguments.id;
    let Some(instance) = instances::get(service.pool(), id).await? else {
        bail!("there is no instance {id}; `swemill instances` lists all");
    };
    let machine = Machine::open(&service, Arc::new(Progress::new(output))).await?;
    let options = Options {
        hide_tests: !arguments.keep_tests,
    };
    let sealed = seal(&machine, &instance, &options).await?;
    if let Some(file) = &arguments.tar {
        archive(&sealed, file).with_context(|| format!("cannot write {}", file.display()))?;
    }
    let code = if arguments.commands {
        let limits = machine.settings.test_limits();
        let sandbox = sealed.start(machine.backend(), &limits).await?;
        let held = session::hold(&*sandbox).await;
        sandbox.stop().await?;
        held?;
        ExitCode::SUCCESS
    } else if arguments.command.is_empty() {
        tell(&sealed, output)?;
        ExitCode::SUCCESS
    } else {
        execute(&sealed, &machine, arguments.command, output).await?
    };
    drop((sealed, machine));
    service.close().await?;
    Ok(code)
}

fn tell(sealed: &Sealed, output: &Output) -> anyhow::Result<()> {
    let report = &sealed.report;
    if output.is_json() {
        return output.document(report);
    }
    output.line(format_args!(
        "{} tests hidden, {} left, {} installed files broken alike, {} other copies in the repository",
        report.hidden.len(),
        report.left.len(),
        report.shadowed.len(),
        report.copies.len()
    ));
    for left in &report.left {
        output.line(format_args!("  {} stays: {}", left.id, left.reason));
    }
    Ok(())
}

fn archive(sealed: &Sealed, file: &Path) -> std::io::Result<()> {
    let mut archive = tar::Builder::new(File::create(file)?);
    archive.follow_symlinks(false);
    archive.append_dir_all("testbed", sealed.testbed())?;
    archive.into_inner()?.sync_all()
}

async fn execute(
    sealed: &Sealed,
    machine: &Machine,
    words: Vec<OsString>,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let mut given = Vec::new();
    if !std::io::stdin().is_terminal() {
        std::io::stdin().lock().read_to_end(&mut given)?;
    }
    let limits = machine.settings.test_limits();
    let sandbox = sealed.start(machine.backend(), &limits).await?;
    let done = sandbox.exec(Command::new(words).stdin(given)).await?;
    sandbox.stop().await?;
    let code = match done.ending {
        Ending::Exited(status) => u8::try_from(status).unwrap_or(exit::FAILED),
        // As a shell tells it.
        Ending::Signalled(signal) => u8::try_from(128 + signal).unwrap_or(exit::FAILED),
        _ => exit::FAILED,
    };
    if output.is_json() {
        output.document(&json!({
            "ending": format!("{:?}", done.ending),
            "stdout": done.stdout.to_text(),
            "stderr": done.stderr.to_text(),
        }))?;
        return Ok(ExitCode::from(code));
    }
    pass_on(&mut std::io::stdout().lock(), &done.stdout)?;
    pass_on(&mut std::io::stderr().lock(), &done.stderr)?;
    if !matches!(done.ending, Ending::Exited(_)) {
        output.note(format_args!("the command ended: {:?}", done.ending));
    }
    Ok(ExitCode::from(code))
}

fn pass_on(to: &mut impl std::io::Write, stream: &Stream) -> std::io::Result<()> {
    to.write_all(&stream.head)?;
    if stream.dropped > 0 {
        write!(to, "\n[… {} bytes left out …]\n", stream.dropped)?;
    }
    to.write_all(&stream.tail)
}
