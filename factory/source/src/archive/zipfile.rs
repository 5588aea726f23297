//! Reading zip.

use std::fs::File;
use std::io::{BufReader, Read};

use zip::ZipArchive;
use zip::result::ZipError;

use super::meter::Meter;
use super::refused;
use crate::Limits;
use crate::error::{Error, Result};
use crate::tree::TreeWriter;

/// Bytes of a link's target: what Linux allows.
const TARGET_BYTES: u64 = 4096;

/// Hands every member to the tree, in the order of the archive's directory.
pub(super) fn unpack(
    file: File,
    packed: u64,
    name: &str,
    limits: &Limits,
    tree: &mut TreeWriter<'_>,
) -> Result<()> {
    let mut archive =
        ZipArchive::new(BufReader::new(file)).map_err(|error| damaged(name, &error))?;
    // Overlapping members unpack the same bytes many times: a bomb that no member's own ratio shows.
    if archive
        .has_overlapping_files()
        .map_err(|error| damaged(name, &error))?
    {
        return Err(refused(name, "its members overlap each other"));
    }
    for number in 0..archive.len() {
        let member = archive
            .by_index(number)
            .map_err(|error| damaged(name, &error))?;
        let path = member.name_raw().to_vec();
        let mode = member.unix_mode().unwrap_or(0o644);
        if member.is_dir() {
            tree.folder(&path)?;
            continue;
        }
        let mut content = Meter::new(member, packed, limits);
        match mode & 0o170_000 {
            0o120_000 => {
                let mut target = Vec::new();
                content
                    .take(TARGET_BYTES)
                    .read_to_end(&mut target)
                    .map_err(|error| super::broken(name, &error))?;
                tree.link(&path, &target)?;
            }
            0 | 0o100_000 => tree.file(&path, mode & 0o100 != 0, &mut content)?,
            _ => {
                let shown = String::from_utf8_lossy(&path).into_owned();
                return Err(refused(
                    name,
                    &format!("its member {shown:?} is a device or a pipe"),
                ));
            }
        }
    }
    Ok(())
}

fn damaged(name: &str, error: &ZipError) -> Error {
    refused(name, &format!("it is damaged: {error}"))
}
