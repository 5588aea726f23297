//! JSON lines.

use std::io::{BufWriter, Write};

use serde::Serialize;

/// Writes one JSON object a line.
#[derive(Debug)]
pub(super) struct Writer<W: Write> {
    out: BufWriter<W>,
}

impl<W: Write> Writer<W> {
    pub(super) fn new(out: W) -> Self {
        Self {
            out: BufWriter::new(out),
        }
    }

    pub(super) fn write(&mut self, row: &impl Serialize) -> anyhow::Result<()> {
        serde_json::to_writer(&mut self.out, row)?;
        self.out.write_all(b"\n")?;
        Ok(())
    }

    pub(super) fn finish(mut self) -> anyhow::Result<()> {
        self.out.flush()?;
        Ok(())
    }
}
