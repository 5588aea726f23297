//! Rows to learn from as Parquet.

use parquet::column::writer::ColumnWriter;
use swemill_agent::sft::Row;

use super::super::parquet::Record;
use super::columns::{COLUMNS, Column, SCHEMA, Values};

impl Record for Row {
    type Column = Column;
    const SCHEMA: &str = SCHEMA;
    const COLUMNS: &'static [Column] = &COLUMNS;

    fn text_bytes(&self) -> usize {
        let contents = self.messages.iter().map(|message| message.content.len());
        contents.sum::<usize>() + self.patch.len() + self.tools.len()
    }

    fn write_column(
        column: &Column,
        rows: &[Self],
        writer: &mut ColumnWriter<'_>,
    ) -> anyhow::Result<()> {
        match (column.values(rows), writer) {
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
            _ => {
                anyhow::bail!("the schema and the columns of the data set differ: this is a defect")
            }
        }
        Ok(())
    }
}
