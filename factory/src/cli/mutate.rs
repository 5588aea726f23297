//! `swemill mutate`: the candidates of a folder as JSON lines; no store, no sandbox.

use std::fmt::Write as _;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use swemill_mutation::Summary;

use super::sampling::SamplingArguments;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The folder of Python code
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    #[command(flatten)]
    sampling: SamplingArguments,
    /// Threads that look for candidates (default: the number of cores)
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let options = arguments.sampling.options(arguments.threads)?;
    let mut out = std::io::BufWriter::with_capacity(1 << 16, std::io::stdout());
    let mut written = Ok(());
    let summary = swemill_mutation::mutate(&arguments.folder, &options, &mut |candidate| {
        if written.is_ok() {
            written = serde_json::to_writer(&mut out, &candidate)
                .map_err(std::io::Error::from)
                .and_then(|()| out.write_all(b"\n"));
        }
    })?;
    match written.and_then(|()| out.flush()) {
        // Whoever read the lines has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            return Ok(ExitCode::SUCCESS);
        }
        other => other.context("cannot write the candidates")?,
    }
    let _ = writeln!(std::io::stderr().lock(), "{}", in_words(&summary));
    Ok(ExitCode::SUCCESS)
}

/// What was looked at and what was left alone.
fn in_words(summary: &Summary) -> String {
    let mut text = format!(
        "{} candidates in {} of {} files ({} lines)",
        summary.candidates, summary.mutated, summary.files, summary.lines
    );
    for (reason, files) in &summary.skipped {
        let reason = serde_json::to_value(reason).unwrap_or_default();
        let reason = reason.as_str().unwrap_or_default().replace('_', " ");
        let _ = write!(text, "; {files} left alone: {reason}");
    }
    text
}
