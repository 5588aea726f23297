//! Rows to learn from as Parquet.

use std::io::Write;

use anyhow::Context as _;
use parquet::column::writer::ColumnWriter;
use parquet::file::writer::SerializedRowGroupWriter;
use swemill_agent::sft::Row;

use super::super::parquet::Record;
use super::columns::{COLUMNS, Column, SCHEMA, Values};

impl Record for Row {
    const SCHEMA: &str = SCHEMA;

    fn text_bytes(&self) -> usize {
        let contents = self.messages.iter().map(|message| message.content.len());
        contents.sum::<usize>() + self.patch.len() + self.tools.len()
    }

    fn write_group<W: Write + Send>(
        rows: &[Self],
        group: &mut SerializedRowGroupWriter<'_, W>,
    ) -> anyhow::Result<()> {
        (COLUMNS.iter()).try_for_each(|column| write_column(group, column, rows))
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
