//! Rows on their way into a file, in either form.

use std::fs::File;

use serde::Serialize;

use super::parquet::Record;
use super::{jsonl, parquet};

/// Writes rows of one kind.
pub(super) enum Writer<R> {
    Lines(jsonl::Writer<File>),
    Parquet(Box<parquet::Writer<File, R>>),
}

impl<R: Record + Serialize> Writer<R> {
    /// One JSON object a line.
    pub(super) fn lines(file: File) -> Self {
        Self::Lines(jsonl::Writer::new(file))
    }

    /// Parquet.
    pub(super) fn parquet(file: File) -> anyhow::Result<Self> {
        Ok(Self::Parquet(Box::new(parquet::Writer::new(file)?)))
    }

    pub(super) fn write(&mut self, row: R) -> anyhow::Result<()> {
        match self {
            Self::Lines(writer) => writer.write(&row),
            Self::Parquet(writer) => writer.write(row),
        }
    }

    pub(super) fn finish(self) -> anyhow::Result<()> {
        match self {
            Self::Lines(writer) => writer.finish(),
            Self::Parquet(writer) => writer.finish(),
        }
    }
}
