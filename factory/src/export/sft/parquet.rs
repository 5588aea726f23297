//! Rows as Parquet, as `datasets.load_dataset` reads it. Rows are gathered into row groups of bounded size, so that a data
//! set of any length streams through.

use std::io::Write;
use std::sync::Arc;

use anyhow::Context as _;
use parquet::basic::Compression;
use parquet::column::writer::ColumnWriter;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use swemill_agent::sft::Row;

use super::columns::{COLUMNS, Column, SCHEMA, Values};

/// A row group is closed when its rows' text exceeds this many bytes.
const GROUP_BYTES: usize = 32 << 20;

/// Writes rows into one Parquet file.
pub(super) struct Writer<W: Write + Send> {
    file: SerializedFileWriter<W>,
    group: Vec<Row>,
    group_bytes: usize,
}

impl<W: Write + Send> Writer<W> {
    pub(super) fn new(out: W) -> anyhow::Result<Self> {
        let schema = parse_message_type(SCHEMA).context("the schema of the data set")?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            // The library's own version would make the bytes depend on the build.
            .set_created_by("swemill".to_owned())
            .build();
        Ok(Self {
            file: SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties))?,
            group: Vec::new(),
            group_bytes: 0,
        })
    }

    pub(super) fn write(&mut self, row: Row) -> anyhow::Result<()> {
        let contents = row.messages.iter().map(|message| message.content.len());
        self.group_bytes += contents.sum::<usize>() + row.patch.len() + row.tools.len() + 512;
        self.group.push(row);
        if self.group_bytes >= GROUP_BYTES {
            self.close_group()?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> anyhow::Result<()> {
        self.close_group()?;
        self.file.close()?;
        Ok(())
    }

    fn close_group(&mut self) -> anyhow::Result<()> {
        let rows = std::mem::take(&mut self.group);
        self.group_bytes = 0;
        if rows.is_empty() {
            return Ok(());
        }
        let mut group = self.file.next_row_group()?;
        for column in &COLUMNS {
            write_column(&mut group, column, &rows)?;
        }
        group.close()?;
        Ok(())
    }
}

fn write_column<W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    column: &Column,
    rows: &[Row],
) -> anyhow::Result<()> {
    let mut writer = group
        .next_column()?
        .context("the schema has a column for each of the row's")?;
    match (column.values(rows), writer.untyped()) {
        (Values::Texts(levels), ColumnWriter::ByteArrayColumnWriter(typed)) => {
            let (definition, repetition) = (Some(&levels.definition[..]), &levels.repetition);
            typed.write_batch(&levels.values, definition, Some(repetition))?;
        }
        (Values::Numbers(levels), ColumnWriter::Int64ColumnWriter(typed)) => {
            let (definition, repetition) = (Some(&levels.definition[..]), &levels.repetition);
            typed.write_batch(&levels.values, definition, Some(repetition))?;
        }
        (Values::Truths(levels), ColumnWriter::BoolColumnWriter(typed)) => {
            let (definition, repetition) = (Some(&levels.definition[..]), &levels.repetition);
            typed.write_batch(&levels.values, definition, Some(repetition))?;
        }
        _ => anyhow::bail!("the schema and the columns of the data set differ: this is a defect"),
    }
    writer.close()?;
    Ok(())
}
