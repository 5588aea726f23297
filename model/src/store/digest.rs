//! The sha256 of files.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::blocking;
use super::error::{Result, io_error};

/// A file's sha256, in lower case hexadecimal.
pub(super) async fn sha256_of(path: &Path) -> Result<String> {
    let path = path.to_owned();
    blocking(move || sha256_of_file(&path)).await
}

/// As [`sha256_of`], where blocking is allowed.
pub(super) fn sha256_of_file(path: &Path) -> Result<String> {
    let file = File::open(path).map_err(io_error("read", path))?;
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let count = reader.read(&mut buffer).map_err(io_error("read", path))?;
        if count == 0 {
            return Ok(hex::encode(hash.finalize()));
        }
        hash.update(&buffer[..count]);
    }
}
