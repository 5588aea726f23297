//! Reading tar.

use std::io::{self, Read};

use tar::{Archive, EntryType};

use super::meter::Meter;
use super::{broken, refused};
use crate::error::Result;
use crate::tree::TreeWriter;

/// Hands every member to the tree.
pub(super) fn unpack<R: Read>(
    stream: Meter<R>,
    name: &str,
    tree: &mut TreeWriter<'_>,
) -> Result<()> {
    let header = stream.budget();
    let mut archive = Archive::new(stream);
    let mut entries = archive.entries().map_err(|error| broken(name, &error))?;
    let mut seen = false;
    loop {
        header.begin();
        let Some(entry) = entries.next() else { break };
        let mut entry = entry.map_err(|error| broken(name, &error))?;
        header.end();
        seen = true;
        let path = entry.path_bytes().into_owned();
        let mode = entry.header().mode().unwrap_or(0o644);
        match entry.header().entry_type() {
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                tree.file(&path, mode & 0o100 != 0, &mut entry)?;
            }
            EntryType::Directory => tree.folder(&path)?,
            kind @ (EntryType::Symlink | EntryType::Link) => {
                let target = entry.link_name_bytes().unwrap_or_default().into_owned();
                if kind == EntryType::Symlink {
                    tree.link(&path, &target)?;
                } else {
                    tree.hard_link(&path, &target)?;
                }
            }
            EntryType::XGlobalHeader => {} // git's archives carry their commit in one
            kind @ (EntryType::Char | EntryType::Block | EntryType::Fifo) => {
                let shown = String::from_utf8_lossy(&path).into_owned();
                let what = if kind == EntryType::Fifo {
                    "a pipe"
                } else {
                    "a device"
                };
                return Err(refused(name, &format!("its member {shown:?} is {what}")));
            }
            kind => {
                let shown = String::from_utf8_lossy(&path).into_owned();
                let byte = kind.as_byte().escape_ascii();
                return Err(refused(
                    name,
                    &format!("its member {shown:?} is of an unknown kind '{byte}'"),
                ));
            }
        }
        // The rest of a member that was left out is content, not header.
        io::copy(&mut entry, &mut io::sink()).map_err(|error| broken(name, &error))?;
    }
    if seen {
        Ok(())
    } else {
        Err(refused(
            name,
            "it holds no members; is it an archive at all?",
        ))
    }
}
