//! The columns of instances in Parquet: those of [`Row`], in its order.

use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;

use super::parquet::Record;
use super::row::Row;

/// The schema. Lists are the three-level lists of the format's specification (LogicalTypes.md, "Lists").
const SCHEMA: &str = "message instance {
    REQUIRED BYTE_ARRAY instance_id (STRING);
    REQUIRED BYTE_ARRAY repo (STRING);
    REQUIRED BYTE_ARRAY patch (STRING);
    REQUIRED GROUP FAIL_TO_PASS (LIST) { REPEATED GROUP list { REQUIRED BYTE_ARRAY element (STRING); } }
    REQUIRED GROUP PASS_TO_PASS (LIST) { REPEATED GROUP list { REQUIRED BYTE_ARRAY element (STRING); } }
    REQUIRED BYTE_ARRAY image_name (STRING);
    REQUIRED BYTE_ARRAY problem_statement (STRING);
    REQUIRED BYTE_ARRAY base_commit (STRING);
    REQUIRED BYTE_ARRAY strategy (STRING);
    REQUIRED BYTE_ARRAY file (STRING);
    REQUIRED BYTE_ARRAY entity (STRING);
    REQUIRED INT32 line;
    REQUIRED INT64 seed;
    REQUIRED BYTE_ARRAY source (STRING);
    REQUIRED BYTE_ARRAY licence (STRING);
    REQUIRED BYTE_ARRAY statement_style (STRING);
    REQUIRED BYTE_ARRAY environment_digest (STRING);
    REQUIRED BYTE_ARRAY python_version (STRING);
    REQUIRED INT32 confirmations;
    REQUIRED BYTE_ARRAY swemill_version (STRING);
}";

/// One column: how to take its values out of a row.
pub(super) enum Column {
    Text(fn(&Row) -> &str),
    List(fn(&Row) -> &[String]),
    Int32(fn(&Row) -> i32),
    Int64(fn(&Row) -> i64),
}

/// The columns in the schema's order.
const COLUMNS: [Column; 20] = [
    Column::Text(|row| &row.instance_id),
    Column::Text(|row| &row.repo),
    Column::Text(|row| &row.patch),
    Column::List(|row| &row.fail_to_pass),
    Column::List(|row| &row.pass_to_pass),
    Column::Text(|row| &row.image_name),
    Column::Text(|row| &row.problem_statement),
    Column::Text(|row| &row.base_commit),
    Column::Text(|row| &row.strategy),
    Column::Text(|row| &row.file),
    Column::Text(|row| &row.entity),
    Column::Int32(|row| row.line),
    Column::Int64(|row| row.seed),
    Column::Text(|row| &row.source),
    Column::Text(|row| &row.licence),
    Column::Text(|row| &row.statement_style),
    Column::Text(|row| &row.environment_digest),
    Column::Text(|row| &row.python_version),
    Column::Int32(|row| row.confirmations),
    Column::Text(|row| &row.swemill_version),
];

impl Record for Row {
    type Column = Column;
    const SCHEMA: &str = SCHEMA;
    const COLUMNS: &'static [Column] = &COLUMNS;

    fn text_bytes(&self) -> usize {
        let lists = [&self.fail_to_pass, &self.pass_to_pass];
        let listed: usize = lists.into_iter().flatten().map(String::len).sum();
        self.patch.len() + self.problem_statement.len() + listed
    }

    fn write_column(
        column: &Column,
        rows: &[Self],
        writer: &mut ColumnWriter<'_>,
    ) -> anyhow::Result<()> {
        match (column, writer) {
            (Column::Text(value), ColumnWriter::ByteArrayColumnWriter(typed)) => {
                let values: Vec<_> = rows.iter().map(|row| ByteArray::from(value(row))).collect();
                typed.write_batch(&values, None, None)?;
            }
            (Column::List(value), ColumnWriter::ByteArrayColumnWriter(typed)) => {
                let mut values = Vec::new();
                // Definition level 1: an element is there; 0: the list is empty. Repetition level 1: the same row.
                let (mut definition, mut repetition) = (Vec::new(), Vec::new());
                for row in rows {
                    let list = value(row);
                    if list.is_empty() {
                        definition.push(0);
                        repetition.push(0);
                    }
                    for (position, element) in list.iter().enumerate() {
                        values.push(ByteArray::from(element.as_str()));
                        definition.push(1);
                        repetition.push(i16::from(position > 0));
                    }
                }
                typed.write_batch(&values, Some(&definition), Some(&repetition))?;
            }
            (Column::Int32(value), ColumnWriter::Int32ColumnWriter(typed)) => {
                let values: Vec<_> = rows.iter().map(value).collect();
                typed.write_batch(&values, None, None)?;
            }
            (Column::Int64(value), ColumnWriter::Int64ColumnWriter(typed)) => {
                let values: Vec<_> = rows.iter().map(value).collect();
                typed.write_batch(&values, None, None)?;
            }
            _ => {
                anyhow::bail!("the schema and the columns of the data set differ: this is a defect")
            }
        }
        Ok(())
    }
}
