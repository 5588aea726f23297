//! Writing figures and reports.

use std::path::Path;

use anyhow::{Context as _, Result};
use swemill_research::chart::Figure;

use crate::cli::output::Output;

/// Writes figures into a folder, which is made if it is not there, and says which.
pub(super) fn write_figures(
    folder: &Path,
    figures: &[(&str, Option<Figure>)],
    output: &Output,
) -> Result<()> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    for (name, figure) in figures {
        if let Some(figure) = figure {
            write(
                &folder.join(name).with_extension("svg"),
                &figure.svg(),
                output,
            )?;
        } else {
            output.note(format_args!(
                "no figure {name}: the fit or the data has nothing to show in it"
            ));
        }
    }
    Ok(())
}

/// Writes one file and says so.
pub(super) fn write(path: &Path, content: &str, output: &Output) -> Result<()> {
    std::fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))?;
    output.note(format_args!("wrote {}", path.display()));
    Ok(())
}
