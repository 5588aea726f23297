//! Data in: tables of checkpoints as CSV or JSON lines.
//!
//! A *long* table has one row a run, checkpoint and task, with the columns `run, n, tokens, task` and `loss` or
//! `accuracy` or both. A *wide* one has one row a run and checkpoint and, for every task, columns such as
//! `mmlu_bpb` and `mmlu_acc`. Further numeric columns are features that a fit may be asked to use.

mod columns;
mod rows;
mod table;

use std::path::{Path, PathBuf};

use super::error::{LadderError, Result};
use super::exclusion::{Exclusions, Reason};
use super::runs::{Ladder, Observation};
use columns::Layout;
use table::Table;

/// Reads one file, or every `.csv` and `.jsonl` file of a folder.
pub fn read(path: &Path) -> Result<Ladder> {
    let mut exclusions = Exclusions::default();
    let mut observations = Vec::new();
    let mut refused = Vec::new();
    let files = files(path)?;
    for file in &files {
        let table = Table::read(file)?;
        match Layout::of(&table) {
            Ok(layout) => rows::observe(&table, &layout, &mut observations, &mut exclusions),
            Err(problem) => {
                exclusions.add(Reason::NotATable, table.name.clone(), &problem);
                refused.push(format!("{} ({problem})", table.name));
            }
        }
    }
    if observations.is_empty() {
        let problem = match (files.is_empty(), refused.is_empty()) {
            (true, _) => "it holds no .csv or .jsonl file".to_owned(),
            (_, true) => "no row is complete".to_owned(),
            (_, false) => refused.join(", "),
        };
        return Err(LadderError::NoTable {
            path: path.to_owned(),
            problem,
        });
    }
    Ladder::of(observations, exclusions)
}

/// Makes a ladder of observations that come from elsewhere.
pub fn collect(observations: Vec<Observation>) -> Result<Ladder> {
    Ladder::of(observations, Exclusions::default())
}

/// The tables of a folder in the order of their names, or the one file.
fn files(path: &Path) -> Result<Vec<PathBuf>> {
    let failed = |source| LadderError::Read {
        path: path.to_owned(),
        source,
    };
    if !std::fs::metadata(path).map_err(failed)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let file = entry.map_err(failed)?.path();
        let extension = file.extension().and_then(|extension| extension.to_str());
        if matches!(extension, Some("csv" | "jsonl")) && file.is_file() {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests;
