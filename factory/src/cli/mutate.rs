//! `swemill mutate`: the candidates of a folder as JSON lines; no store, no sandbox.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use swemill_mutation::{Identity, Options, Selection};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The folder of Python code
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// Strategies by name, family or prefix*, comma-separated; -NAME leaves one out
    #[arg(long, value_name = "LIST", default_value = "all", allow_hyphen_values = true)]
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
    threads: Option<usize>,
}

pub(super) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let options = Options {
        seed: arguments.seed,
        strategies: arguments.strategies.parse::<Selection>()?,
        max_candidates: arguments.max_candidates,
        per_file: arguments.per_file,
        per_entity: arguments.per_entity,
        threads: arguments.threads.unwrap_or(cores).max(1),
        identity: Identity::of_folder(&arguments.folder)?,
    };
    let mut out = std::io::BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
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
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(ExitCode::SUCCESS),
        other => other.context("cannot write the candidates")?,
    }
    let _ = writeln!(std::io::stderr().lock(), "{summary}");
    Ok(ExitCode::SUCCESS)
}
