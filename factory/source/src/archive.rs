//! Unpacking sdists: tar (gzip, bzip2 or plain) and zip, from anyone.
//!
//! Members only ever reach the disk through a [`TreeWriter`]. Here the stream itself is bounded: how many
//! bytes come out of how many (a bomb is stopped in mid-stream), and how many may hide in headers.

mod meter;
mod tarball;
mod zipfile;

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

pub use meter::Bomb;

use crate::Limits;
use crate::error::{Error, Result, io};
use crate::tree::{TreeWriter, Written};
use meter::Meter;

/// Unpacks an sdist into `root`, an empty folder, without its top folder.
///
/// The format is read off the first bytes, since names lie. Runs as long as the disk needs: call it where
/// blocking is allowed.
pub fn unpack(archive: &Path, root: &Path, limits: &Limits) -> Result<Written> {
    let name = archive.file_name().map_or_else(
        || archive.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    );
    let mut file = File::open(archive).map_err(io("open", archive))?;
    let packed = file.metadata().map_err(io("look at", archive))?.len();
    let mut magic = [0; 4];
    let known = read_up_to(&mut file, &mut magic).map_err(io("read", archive))?;
    let file = File::open(archive).map_err(io("open", archive))?;
    let mut tree = TreeWriter::new(name.clone(), root, limits);
    let packed_bytes = packed.max(1);
    match &magic[..known] {
        [0x1f, 0x8b, ..] => {
            let plain = flate2::read::MultiGzDecoder::new(BufReader::new(file));
            tarball::unpack(Meter::new(plain, packed_bytes, limits), &name, &mut tree)?;
        }
        [b'B', b'Z', b'h', ..] => {
            let plain = bzip2::read::MultiBzDecoder::new(BufReader::new(file));
            tarball::unpack(Meter::new(plain, packed_bytes, limits), &name, &mut tree)?;
        }
        [b'P', b'K', ..] => zipfile::unpack(file, packed_bytes, &name, limits, &mut tree)?,
        [] => return Err(refused(&name, "it is empty")),
        [0xfd, b'7', b'z', b'X'] => {
            return Err(refused(
                &name,
                "it is packed with xz, which no index accepts for sdists",
            ));
        }
        _ => tarball::unpack(
            Meter::new(BufReader::new(file), packed_bytes, limits),
            &name,
            &mut tree,
        )?,
    }
    tree.finish(true)
}

fn read_up_to(file: &mut File, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..])? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}

fn refused(name: &str, problem: &str) -> Error {
    Error::Archive {
        file: name.to_owned(),
        problem: problem.to_owned(),
    }
}

/// What stopped a stream: a bomb, or damage.
fn broken(name: &str, error: &std::io::Error) -> Error {
    match error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<Bomb>())
    {
        Some(bomb) => bomb.to_error(name),
        None => refused(name, &format!("it is damaged: {error}")),
    }
}
