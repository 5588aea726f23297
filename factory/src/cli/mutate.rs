//! `swemill mutate`: the candidates of a folder as JSON lines; no store, no sandbox.

use std::fmt::Write as _;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use swemill_mutation::{Options, Selection, Summary};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The folder of Python code
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// Strategies by name, family or prefix*, comma-separated; -NAME leaves one out
    #[arg(
        long,
        value_name = "LIST",
        default_value = "all",
        allow_hyphen_values = true
    )]
    strategies: String,
    /// The most candidates
    #[arg(long, value_name = "N")]
    max_candidates: Option<usize>,
    /// The most candidates of one file
    #[arg(long, value_name = "N")]
    per_file: Option<usize>,
    /// The most candidates of one function, method or class
    #[arg(long, value_name = "N")]
    per_entity: Option<usize>,
    /// Decides which candidates are sampled
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// Threads that look for candidates (default: the number of cores)
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let options = Options {
        seed: arguments.seed,
        strategies: arguments.strategies.parse::<Selection>()?,
        max_candidates: arguments.max_candidates,
        per_file: arguments.per_file,
        per_entity: arguments.per_entity,
        threads: arguments.threads,
        identity: None,
    };
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
