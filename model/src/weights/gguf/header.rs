//! The header: metadata, and where the tensors lie.

use std::{
    collections::HashMap,
    fs::File,
    path::{Path, PathBuf},
};

use memmap2::Mmap;
use serde_json::{Map, Value};

use super::{Format, cursor::Cursor};
use crate::{Error, Result};

/// Arrays within arrays: none are in use, and a damaged file must not recurse without end.
const DEEPEST: usize = 4;

/// An open GGUF.
#[derive(Debug)]
pub struct Gguf {
    path: PathBuf,
    mapped: Mmap,
    metadata: Map<String, Value>,
    tensors: HashMap<String, Entry>,
}

/// Where a tensor lies.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) format: Format,
    /// Rows first, as everywhere but in GGUF.
    pub(super) shape: Vec<usize>,
    bytes: std::ops::Range<usize>,
}

impl Gguf {
    /// Maps a file and reads its header.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(Error::file("read", path))?;
        // SAFETY: the mapping is only read. Truncating the file under a running model would fault, as for every program that maps
        // its weights; the store writes to a temporary name and renames, so its files do not change once they are there.
        let mapped = unsafe { Mmap::map(&file) }.map_err(Error::file("read", path))?;
        let (metadata, tensors) = header(&mapped).map_err(|reason| Error::format(path, reason))?;
        Ok(Self {
            path: path.to_owned(),
            mapped,
            metadata,
            tensors,
        })
    }

    /// The metadata by its keys; numbers, texts, truths and arrays of them.
    pub fn metadata(&self) -> &Map<String, Value> {
        &self.metadata
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The format and shape (rows first) of a tensor, by GGUF's name for it.
    pub fn tensor(&self, name: &str) -> Option<(Format, &[usize])> {
        self.tensors
            .get(name)
            .map(|entry| (entry.format, entry.shape.as_slice()))
    }

    /// A tensor's bytes as the file stores them.
    pub fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.tensors
            .get(name)
            .map(|entry| &self.mapped[entry.bytes.clone()])
    }
}

type Header = (Map<String, Value>, HashMap<String, Entry>);

fn header(bytes: &[u8]) -> Result<Header, String> {
    let mut cursor = Cursor::new(bytes);
    if cursor.take(4)? != b"GGUF" {
        return Err("it does not begin with `GGUF`".into());
    }
    let version = cursor.u32()?;
    if !(2..=3).contains(&version) {
        return Err(format!(
            "it has version {version} of the format; 2 and 3 are known"
        ));
    }
    let (tensor_count, key_count) = (cursor.count()?, cursor.count()?);
    let mut metadata = Map::new();
    for _ in 0..key_count {
        let key = cursor.text()?;
        let kind = cursor.u32()?;
        metadata.insert(key, value(&mut cursor, kind, 0)?);
    }
    let mut infos = Vec::new();
    for _ in 0..tensor_count {
        infos.push(info(&mut cursor)?);
    }
    let alignment = metadata
        .get("general.alignment")
        .and_then(Value::as_u64)
        .unwrap_or(32);
    let alignment = usize::try_from(alignment)
        .ok()
        .filter(|alignment| alignment.is_power_of_two());
    let alignment = alignment.ok_or("its alignment is no power of two")?;
    let data = cursor.position().next_multiple_of(alignment);
    let tensors = infos
        .into_iter()
        .map(|info| place(info, data, bytes.len()))
        .collect::<Result<_, _>>()?;
    Ok((metadata, tensors))
}

/// A value of the metadata, of ggml's number for its type.
fn value(cursor: &mut Cursor<'_>, kind: u32, depth: usize) -> Result<Value, String> {
    Ok(match kind {
        0 => cursor.u8()?.into(),
        1 => cursor.u8()?.cast_signed().into(),
        2 => cursor.u16()?.into(),
        3 => cursor.u16()?.cast_signed().into(),
        4 => cursor.u32()?.into(),
        5 => cursor.u32()?.cast_signed().into(),
        6 => f32::from_bits(cursor.u32()?).into(),
        7 => (cursor.u8()? != 0).into(),
        8 => cursor.text()?.into(),
        9 if depth < DEEPEST => {
            let kind = cursor.u32()?;
            let count = cursor.count()?;
            (0..count)
                .map(|_| value(cursor, kind, depth + 1))
                .collect::<Result<Vec<_>, _>>()?
                .into()
        }
        10 => cursor.u64()?.into(),
        11 => cursor.u64()?.cast_signed().into(),
        12 => f64::from_bits(cursor.u64()?).into(),
        other => {
            return Err(format!(
                "its metadata holds the type {other}, which is not known"
            ));
        }
    })
}

/// A tensor's name, shape, format and place, as the header states them.
struct Info {
    name: String,
    shape: Vec<usize>,
    format: Format,
    offset: usize,
}

fn info(cursor: &mut Cursor<'_>) -> Result<Info, String> {
    let name = cursor.text()?;
    let rank = cursor.u32()?;
    if !(1..=4).contains(&rank) {
        return Err(format!("its tensor `{name}` has {rank} dimensions"));
    }
    let mut shape = Vec::new();
    for _ in 0..rank {
        let dimension = cursor.u64()?;
        shape.push(
            usize::try_from(dimension).map_err(|_| format!("its tensor `{name}` is too large"))?,
        );
    }
    shape.reverse();
    let code = cursor.u32()?;
    let format = Format::of_code(code).ok_or_else(|| {
        format!("its tensor `{name}` is stored in ggml's format {code}; known are F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K and Q6_K")
    })?;
    let offset = cursor.u64()?;
    let offset =
        usize::try_from(offset).map_err(|_| format!("its tensor `{name}` lies too far"))?;
    Ok(Info {
        name,
        shape,
        format,
        offset,
    })
}

/// Checks that a tensor lies within the file.
fn place(info: Info, data: usize, length: usize) -> Result<(String, Entry), String> {
    let Info {
        name,
        shape,
        format,
        offset,
    } = info;
    let columns = *shape
        .last()
        .expect("a tensor has at least one dimension: its rank was checked");
    if !columns.is_multiple_of(format.block_length()) {
        return Err(format!(
            "its tensor `{name}` has rows of {columns} numbers, which are no whole blocks of {format:?}"
        ));
    }
    let numbers = shape
        .iter()
        .try_fold(1usize, |product, &dimension| product.checked_mul(dimension));
    let range = numbers.and_then(|numbers| {
        let bytes = (numbers / format.block_length()).checked_mul(format.block_bytes())?;
        let first = data.checked_add(offset)?;
        Some(first..first.checked_add(bytes)?)
    });
    match range {
        Some(bytes) if bytes.end <= length => Ok((
            name,
            Entry {
                format,
                shape,
                bytes,
            },
        )),
        _ => Err(format!(
            "its tensor `{name}` reaches beyond the end of the file: it is cut short"
        )),
    }
}
