//! The texts of benchmarks, out of the files in which they are published.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use anyhow::Context as _;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::{Field, Row};
use serde_json::Value;
use swemill_agent::sft::Overlap;

/// Adds every text of a file: each string of JSON, JSON lines or Parquet, or the whole of any other file.
pub fn add(path: &Path, overlap: &mut Overlap) -> anyhow::Result<()> {
    let extension = path.extension().and_then(|extension| extension.to_str());
    let added = match extension {
        Some("jsonl") => lines(path, overlap),
        Some("json") => json(path, overlap),
        Some("parquet") => parquet(path, overlap),
        _ => text(path, overlap),
    };
    added.with_context(|| format!("cannot read the benchmark {}", path.display()))
}

fn text(path: &Path, overlap: &mut Overlap) -> anyhow::Result<()> {
    overlap.add(&std::fs::read_to_string(path)?);
    Ok(())
}

fn json(path: &Path, overlap: &mut Overlap) -> anyhow::Result<()> {
    strings(&serde_json::from_slice(&std::fs::read(path)?)?, overlap);
    Ok(())
}

fn lines(path: &Path, overlap: &mut Overlap) -> anyhow::Result<()> {
    for (number, line) in BufReader::new(File::open(path)?).lines().enumerate() {
        let line = line?;
        if !line.trim().is_empty() {
            let value = serde_json::from_str(&line);
            let value = value.with_context(|| format!("line {} is no JSON", number + 1))?;
            strings(&value, overlap);
        }
    }
    Ok(())
}

fn strings(value: &Value, overlap: &mut Overlap) {
    match value {
        Value::String(text) => overlap.add(text),
        Value::Array(values) => values.iter().for_each(|value| strings(value, overlap)),
        Value::Object(members) => members.values().for_each(|value| strings(value, overlap)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn parquet(path: &Path, overlap: &mut Overlap) -> anyhow::Result<()> {
    let reader = SerializedFileReader::new(File::open(path)?)?;
    for row in reader.get_row_iter(None)? {
        fields(&row?, overlap);
    }
    Ok(())
}

fn fields(row: &Row, overlap: &mut Overlap) {
    row.get_column_iter()
        .for_each(|(_, value)| field(value, overlap));
}

fn field(value: &Field, overlap: &mut Overlap) {
    match value {
        Field::Str(text) => overlap.add(text),
        Field::Group(row) => fields(row, overlap),
        Field::ListInternal(list) => list
            .elements()
            .iter()
            .for_each(|value| field(value, overlap)),
        Field::MapInternal(map) => {
            for (_, value) in map.entries() {
                field(value, overlap);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "the total of three and four is seven but should be twelve";

    fn touched(name: &str, content: &[u8]) -> anyhow::Result<bool> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join(name);
        std::fs::write(&path, content)?;
        let mut overlap = Overlap::new(10);
        add(&path, &mut overlap)?;
        Ok(overlap.touches(TEXT))
    }

    #[test]
    fn texts_are_found_in_every_form_that_benchmarks_come_in() {
        let row = format!(r#"{{"id": 1, "hints": ["a", {{"text": "{TEXT}"}}]}}"#);
        for (name, content) in [
            ("a.jsonl", format!("{{}}\n\n{row}\n")),
            ("a.json", format!("[{row}]")),
            ("a.md", format!("# Issue\n\n{TEXT}\n")),
        ] {
            assert!(touched(name, content.as_bytes()).unwrap(), "{name}");
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named_with_the_line() {
        let error = touched("a.jsonl", b"{}\nnonsense\n").unwrap_err();
        let said = format!("{error:#}");
        assert!(
            said.contains("a.jsonl") && said.contains("line 2"),
            "{said}"
        );
        for (name, content) in [("a.json", "{"), ("a.parquet", "PAR1 nonsense PAR1")] {
            assert!(touched(name, content.as_bytes()).is_err(), "{name}");
        }
    }
}
