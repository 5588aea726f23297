//! The header of a GGUF file (versions 2 and 3 of ggml's `docs/gguf.md`): keys and values, then the tensors' places.
//! Every length in it is checked before memory is taken.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use super::{Description, unreadable};
use crate::store::error::{Error, Result, io_error};

/// Longer texts are skipped: none that is wanted here comes near.
const TEXT_BYTES: u64 = 1 << 20;

/// ggml's number formats: identifier, name, numbers in a block, bytes of a block.
const FORMATS: [(u32, &str, u64, u64); 18] = [
    (0, "F32", 1, 4),
    (1, "F16", 1, 2),
    (2, "Q4_0", 32, 18),
    (3, "Q4_1", 32, 20),
    (6, "Q5_0", 32, 22),
    (7, "Q5_1", 32, 24),
    (8, "Q8_0", 32, 34),
    (9, "Q8_1", 32, 36),
    (10, "Q2_K", 256, 84),
    (11, "Q3_K", 256, 110),
    (12, "Q4_K", 256, 144),
    (13, "Q5_K", 256, 176),
    (14, "Q6_K", 256, 210),
    (15, "Q8_K", 256, 292),
    (20, "IQ4_NL", 32, 18),
    (23, "IQ4_XS", 256, 136),
    (28, "F64", 1, 8),
    (30, "BF16", 1, 2),
];

/// A value of the header, as far as it is wanted.
enum Value {
    Number(u64),
    Text(String),
    Other,
}

pub(super) fn describe(path: &Path) -> Result<Description> {
    let file = File::open(path).map_err(io_error("read", path))?;
    let length = file.metadata().map_err(io_error("read", path))?.len();
    let mut reader = Reader {
        path,
        length,
        file: BufReader::new(file),
    };
    if reader.bytes::<4>()? != *b"GGUF" {
        return Err(unreadable(path, "it does not begin with GGUF"));
    }
    let version = reader.u32()?;
    if !(2..=3).contains(&version) {
        return Err(unreadable(
            path,
            format!("GGUF version {version} is not known (2 and 3 are)"),
        ));
    }
    let (tensors, keys) = (reader.u64()?, reader.u64()?);
    let mut values = BTreeMap::new();
    for _ in 0..keys {
        let key = reader.text()?;
        let kind = reader.u32()?;
        let value = reader.value(kind, 0)?;
        values.insert(key, value);
    }
    let mut description = from_values(&values);
    let mut end = 0;
    for _ in 0..tensors {
        let (name, elements, format, offset) = reader.tensor()?;
        description.parameters = description.parameters.saturating_add(elements);
        let known = FORMATS
            .iter()
            .find(|(identifier, ..)| *identifier == format);
        let shown = known.map_or_else(
            || format!("type {format}"),
            |(_, name, ..)| (*name).to_owned(),
        );
        *description.formats.entry(shown).or_default() += 1;
        if let Some((_, _, numbers, bytes)) = known {
            let size = elements.div_ceil(*numbers).checked_mul(*bytes);
            let last = size.and_then(|size| size.checked_add(offset));
            end = end.max(
                last.ok_or_else(|| unreadable(path, format!("the place of {name} is absurd")))?,
            );
        }
    }
    let alignment = match values.get("general.alignment") {
        Some(Value::Number(alignment)) if *alignment > 0 => *alignment,
        _ => 32,
    };
    let start = reader
        .position()?
        .div_ceil(alignment)
        .saturating_mul(alignment);
    if start.saturating_add(end) > length {
        return Err(unreadable(
            path,
            format!(
                "it has {length} bytes and should have {}: the file is cut",
                start.saturating_add(end)
            ),
        ));
    }
    Ok(description)
}

fn from_values(values: &BTreeMap<String, Value>) -> Description {
    let text = |key: &str| match values.get(key) {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    };
    let architecture = text("general.architecture").unwrap_or_else(|| "unknown".to_owned());
    let number = |key: &str| match values.get(&format!("{architecture}.{key}")) {
        Some(Value::Number(number)) => Some(*number),
        _ => None,
    };
    Description {
        parameters: 0,
        context: number("context_length"),
        layers: number("block_count"),
        hidden: number("embedding_length"),
        chat_template: text("tokenizer.chat_template").is_some(),
        licence: text("general.license"),
        formats: BTreeMap::new(),
        architecture,
    }
}

struct Reader<'p> {
    path: &'p Path,
    length: u64,
    file: BufReader<File>,
}

impl Reader<'_> {
    fn bytes<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        match self.file.read_exact(&mut bytes) {
            Ok(()) => Ok(bytes),
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Err(self.cut()),
            Err(error) => Err(io_error("read", self.path)(error)),
        }
    }

    fn cut(&self) -> Error {
        unreadable(self.path, "the file ends within its header")
    }

    fn u32(&mut self) -> Result<u32> {
        self.bytes().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64> {
        self.bytes().map(u64::from_le_bytes)
    }

    fn position(&mut self) -> Result<u64> {
        self.file
            .stream_position()
            .map_err(io_error("read", self.path))
    }

    fn skip(&mut self, count: u64) -> Result<()> {
        if count > self.length {
            return Err(self.cut());
        }
        let count = i64::try_from(count).map_err(|_| self.cut())?;
        self.file
            .seek_relative(count)
            .map_err(io_error("read", self.path))
    }

    fn text(&mut self) -> Result<String> {
        let count = self.u64()?;
        if count > TEXT_BYTES {
            self.skip(count)?;
            return Ok(String::new());
        }
        let mut bytes = Vec::new();
        let mut limited = Read::by_ref(&mut self.file).take(count);
        limited
            .read_to_end(&mut bytes)
            .map_err(io_error("read", self.path))?;
        if bytes.len() as u64 != count {
            return Err(self.cut());
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn value(&mut self, kind: u32, depth: u32) -> Result<Value> {
        Ok(match kind {
            0 | 1 | 7 => Value::Number(u64::from(self.bytes::<1>()?[0])),
            2 | 3 => Value::Number(u64::from(u16::from_le_bytes(self.bytes()?))),
            4 | 5 => Value::Number(u64::from(self.u32()?)),
            10 | 11 => Value::Number(self.u64()?),
            6 => self.skip(4).map(|()| Value::Other)?,
            12 => self.skip(8).map(|()| Value::Other)?,
            8 => Value::Text(self.text()?),
            9 if depth < 4 => {
                let (inner, count) = (self.u32()?, self.u64()?);
                if count > self.length {
                    return Err(self.cut());
                }
                for _ in 0..count {
                    self.value(inner, depth + 1)?;
                }
                Value::Other
            }
            _ => {
                return Err(unreadable(
                    self.path,
                    format!("its header has a value of the unknown type {kind}"),
                ));
            }
        })
    }

    /// Name, number of elements, format, offset.
    fn tensor(&mut self) -> Result<(String, u64, u32, u64)> {
        let name = self.text()?;
        let dimensions = self.u32()?;
        if dimensions > 8 {
            return Err(unreadable(
                self.path,
                format!("the tensor {name} has {dimensions} dimensions"),
            ));
        }
        let mut elements = 1_u64;
        for _ in 0..dimensions {
            let size = self.u64()?;
            elements = elements
                .checked_mul(size)
                .ok_or_else(|| unreadable(self.path, format!("the shape of {name} is absurd")))?;
        }
        Ok((name, elements, self.u32()?, self.u64()?))
    }
}
