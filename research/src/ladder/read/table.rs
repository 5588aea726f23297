//! A file as rows of named cells, whatever its format.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::ladder::error::{LadderError, Result};

/// A table of text.
pub(super) struct Table {
    /// The file's name, for messages.
    pub(super) name: String,
    /// The names of the columns, trimmed.
    pub(super) header: Vec<String>,
    pub(super) rows: Vec<Row>,
}

/// One row; it has a cell for every column.
pub(super) struct Row {
    /// Where it is in the file, from 1.
    pub(super) line: u64,
    pub(super) cells: Vec<String>,
}

impl Table {
    pub(super) fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|source| LadderError::Read {
            path: path.to_owned(),
            source,
        })?;
        let name = path.file_name().unwrap_or(path.as_os_str());
        let name = name.to_string_lossy().into_owned();
        let is_json = path.extension().is_some_and(|extension| {
            ["jsonl", "json", "ndjson"]
                .iter()
                .any(|known| extension.eq_ignore_ascii_case(known))
        });
        let read = if is_json { json_lines } else { comma_separated };
        let (header, rows) = read(&bytes).map_err(|problem| LadderError::Malformed {
            path: path.to_owned(),
            problem,
        })?;
        Ok(Self { name, header, rows })
    }
}

type Content = std::result::Result<(Vec<String>, Vec<Row>), String>;

fn comma_separated(bytes: &[u8]) -> Content {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(bytes);
    let header = reader.headers().map_err(|error| error.to_string())?;
    let header = header.iter().map(str::to_owned).collect();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| error.to_string())?;
        rows.push(Row {
            line: record.position().map_or(0, csv::Position::line),
            cells: record.iter().map(str::to_owned).collect(),
        });
    }
    Ok((header, rows))
}

/// One JSON object a line; keys that some lines lack are empty cells there.
fn json_lines(bytes: &[u8]) -> Content {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    let mut header: Vec<String> = Vec::new();
    let mut columns: BTreeMap<String, usize> = BTreeMap::new();
    let mut rows = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        if text.trim().is_empty() {
            continue;
        }
        let object: serde_json::Map<String, Value> =
            serde_json::from_str(text).map_err(|error| format!("line {line}: {error}"))?;
        let mut cells = vec![String::new(); header.len()];
        for (key, value) in object {
            let column = *columns.entry(key).or_insert_with_key(|key| {
                header.push(key.clone());
                cells.push(String::new());
                header.len() - 1
            });
            cells[column] = match value {
                Value::Null => String::new(),
                Value::String(text) => text,
                other => other.to_string(),
            };
        }
        rows.push(Row { line, cells });
    }
    for row in &mut rows {
        row.cells.resize(header.len(), String::new());
    }
    Ok((header, rows))
}
