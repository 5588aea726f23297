//! Parquet, as `datasets.load_dataset("parquet", …)` reads it. Rows are gathered into row groups of bounded size, so that
//! a data set of any length streams through.

use std::io::Write;
use std::sync::Arc;

use anyhow::Context as _;
use parquet::basic::Compression;
use parquet::column::writer::ColumnWriter;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

/// A row group is closed when its rows' text exceeds this many bytes.
const GROUP_BYTES: usize = 32 << 20;

/// What a row is taken to need beside its long texts, in bytes.
const ROW_BYTES: usize = 512;

/// A kind of rows.
pub(super) trait Record: Sized {
    /// How values of a column are taken out of rows.
    type Column: 'static;

    /// Its columns, in Parquet's own words.
    const SCHEMA: &str;

    /// They again, in the schema's order.
    const COLUMNS: &'static [Self::Column];

    /// About how many bytes its long texts have.
    fn text_bytes(&self) -> usize;

    /// Writes a column of rows.
    fn write_column(
        column: &Self::Column,
        rows: &[Self],
        writer: &mut ColumnWriter<'_>,
    ) -> anyhow::Result<()>;
}

/// Writes rows into one Parquet file.
pub(super) struct Writer<W: Write + Send, R> {
    file: SerializedFileWriter<W>,
    group: Vec<R>,
    group_bytes: usize,
}

impl<W: Write + Send, R: Record> Writer<W, R> {
    pub(super) fn new(out: W) -> anyhow::Result<Self> {
        let schema = parse_message_type(R::SCHEMA).context("the schema of the data set")?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            // The library's own version would make the bytes depend on the build.
            .set_created_by("swemill".to_owned())
            .build();
        let file = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties))?;
        Ok(Self {
            file,
            group: Vec::new(),
            group_bytes: 0,
        })
    }

    pub(super) fn write(&mut self, row: R) -> anyhow::Result<()> {
        self.group_bytes += row.text_bytes() + ROW_BYTES;
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
        for column in R::COLUMNS {
            let mut writer = group
                .next_column()?
                .context("the schema has a column for each of the row's")?;
            R::write_column(column, &rows, writer.untyped())?;
            writer.close()?;
        }
        group.close()?;
        Ok(())
    }
}
