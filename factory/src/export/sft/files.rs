//! The files of an export: one a side, the card, the summary.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use swemill_agent::sft::{Row, Split};
use tempfile::NamedTempFile;

use super::{FileFormat, Told, Written, card};
use crate::export::persist;
use crate::export::writer::Writer;

/// Rows on their way to files that appear when they are whole.
pub(super) struct Files {
    folder: PathBuf,
    format: FileFormat,
    open: BTreeMap<Split, (NamedTempFile, Writer<Row>)>,
}

impl FileFormat {
    fn extension(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Parquet => "parquet",
        }
    }

    /// The name of a side's file.
    pub(super) fn file_name(self, split: Split) -> String {
        format!("{}.{}", split.as_str(), self.extension())
    }
}

impl Files {
    pub(super) fn new(folder: &Path, format: FileFormat) -> Self {
        Self {
            folder: folder.to_path_buf(),
            format,
            open: BTreeMap::new(),
        }
    }

    /// Where a side's rows are to be.
    pub(super) fn path(&self, split: Split) -> PathBuf {
        self.folder.join(self.format.file_name(split))
    }

    pub(super) fn write(&mut self, row: Row, split: Split) -> anyhow::Result<()> {
        let whole = format!("cannot write {}", self.path(split).display());
        if !self.open.contains_key(&split) {
            let mut part = NamedTempFile::new_in(&self.folder).context(whole.clone())?;
            let file = part.as_file_mut().try_clone()?;
            let writer = match self.format {
                FileFormat::Jsonl => Writer::lines(file),
                FileFormat::Parquet => Writer::parquet(file)?,
            };
            self.open.insert(split, (part, writer));
        }
        let (_, writer) = (self.open.get_mut(&split)).expect("it was opened above");
        writer.write(row).context(whole)
    }

    /// Names the files, and removes those that an earlier export left of sides or in formats that this one has not: a
    /// reader that takes the whole folder must not mix the two.
    pub(super) fn finish(mut self, written: &Written, told: &Told) -> anyhow::Result<()> {
        for split in [Split::Train, Split::Validation] {
            let path = self.path(split);
            let whole = || format!("cannot write {}", path.display());
            let open = self.open.remove(&split);
            for format in [FileFormat::Jsonl, FileFormat::Parquet] {
                if format != self.format || open.is_none() {
                    remove(&self.folder.join(format.file_name(split)))?;
                }
            }
            if let Some((part, writer)) = open {
                writer.finish().with_context(whole)?;
                persist(part, &path)?;
            }
        }
        let summary = serde_json::to_string_pretty(written)? + "\n";
        self.text("summary.json", &summary)?;
        self.text("README.md", &card::render(written, self.format, told))
    }

    fn text(&self, name: &str, text: &str) -> anyhow::Result<()> {
        let mut part = NamedTempFile::new_in(&self.folder)?;
        part.write_all(text.as_bytes())?;
        persist(part, &self.folder.join(name))
    }
}

fn remove(path: &Path) -> anyhow::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error)
            .with_context(|| format!("cannot remove {} of an earlier export", path.display())),
        _ => Ok(()),
    }
}
