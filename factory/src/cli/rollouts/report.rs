//! `swemill rollouts report`: one page of HTML.

use std::io::BufWriter;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use tempfile::NamedTempFile;

use super::FilterArguments;
use crate::cli::output::Output;
use crate::export::persist;
use crate::report;
use crate::service::Service;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The page to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The most trajectories to read on it
    #[arg(long, value_name = "N", default_value_t = 500)]
    trajectories: u64,
    #[command(flatten)]
    filter: FilterArguments,
}

pub(super) async fn run(
    arguments: Arguments,
    service: &Service,
    output: &Output,
) -> anyhow::Result<()> {
    let out = &arguments.out;
    let whole = || format!("cannot write {}", out.display());
    let folder = match out.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut part = NamedTempFile::new_in(folder).with_context(whole)?;
    let mut page = BufWriter::new(part.as_file_mut());
    let filter = arguments.filter.into_filter();
    let most = arguments.trajectories;
    let reported = report::write(service.pool(), filter, most, &mut page).await?;
    drop(page);
    persist(part, out)?;
    if output.is_json() {
        return output.document(&reported);
    }
    output.line(format_args!(
        "wrote {} rollouts and {} trajectories to {}",
        reported.rollouts,
        reported.trajectories,
        out.display()
    ));
    if reported.left_out > 0 {
        output.line(format_args!(
            "{} trajectories are left out; --trajectories N takes more",
            reported.left_out
        ));
    }
    Ok(())
}
