//! Writing tar archives that come out the same every time: sorted, owned by fixed ids, folders without a time.
//!
//! Files keep their time to the second: compiled bytecode names the time of its source.

use std::fs::{File, Metadata};
use std::io::{self, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tar::{Builder, EntryType, Header};

use super::walk::{Entry, Mark};

/// The prefix of a name that an image's layer removes.
const WHITE_OUT: &str = ".wh.";
/// The name that has an image's layer replace a folder.
const OPAQUE: &str = ".wh..wh..opq";

/// Whose the packed files are, and what may be done with them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ownership {
    /// Their user and group; whoever owns them on the host otherwise.
    pub(crate) id: Option<u32>,
    /// Permissions that are kept.
    pub(crate) mask: u32,
}

/// An archive in the making.
pub(crate) struct Pack<W: Write> {
    archive: Builder<W>,
    ownership: Ownership,
}

impl<W: Write> Pack<W> {
    pub(crate) fn new(writer: W, ownership: Ownership) -> Self {
        Self {
            archive: Builder::new(writer),
            ownership,
        }
    }

    /// From here on files belong to another.
    pub(crate) fn owned_by(&mut self, ownership: Ownership) {
        self.ownership = ownership;
    }

    /// Adds an entry below `top`, an absolute path inside; with its marks as images have them.
    pub(crate) fn add(&mut self, top: &Path, entry: &Entry) -> io::Result<()> {
        let place = inside(top, &entry.path);
        let kind = entry.metadata.file_type();
        if entry.mark == Some(Mark::Removed) {
            return self.remove(&place);
        }
        if kind.is_dir() {
            let mut header = self.header_of(EntryType::Directory, &entry.metadata);
            self.archive.append_data(&mut header, &place, io::empty())?;
            if entry.mark == Some(Mark::Opaque) {
                self.file(&place.join(OPAQUE), 0o644, 0, &[])?;
            }
        } else if kind.is_symlink() {
            self.link(
                &place,
                &std::fs::read_link(&entry.source)?,
                EntryType::Symlink,
            )?;
        } else if kind.is_file() {
            let mut header = self.header_of(EntryType::Regular, &entry.metadata);
            header.set_size(entry.metadata.len());
            header.set_mtime(u64::try_from(entry.metadata.mtime()).unwrap_or(0));
            let file = File::open(&entry.source)?;
            self.archive.append_data(&mut header, &place, file)?;
        } else if kind.is_fifo() {
            let mut header = self.header_of(EntryType::Fifo, &entry.metadata);
            self.archive.append_data(&mut header, &place, io::empty())?;
        }
        // A socket without its process is nothing, and there are no devices in layers.
        Ok(())
    }

    /// Adds an entry a second time, under another top: a plain file by another name for the same.
    pub(crate) fn add_again(&mut self, first: &Path, top: &Path, entry: &Entry) -> io::Result<()> {
        if entry.metadata.is_file() && entry.mark.is_none() {
            let target = inside(first, &entry.path);
            return self.link(&inside(top, &entry.path), &target, EntryType::Link);
        }
        self.add(top, entry)
    }

    /// Adds a folder.
    pub(crate) fn folder(&mut self, place: &Path, mode: u32) -> io::Result<()> {
        let mut header = self.header(EntryType::Directory, mode);
        self.archive.append_data(&mut header, place, io::empty())
    }

    /// Adds a file with the given content.
    pub(crate) fn file(
        &mut self,
        place: &Path,
        mode: u32,
        time: u64,
        content: &[u8],
    ) -> io::Result<()> {
        let mut header = self.header(EntryType::Regular, mode);
        header.set_size(content.len() as u64);
        header.set_mtime(time);
        self.archive.append_data(&mut header, place, content)
    }

    /// Adds a file with the content of one on the host.
    pub(crate) fn copy(&mut self, place: &Path, source: &Path) -> io::Result<()> {
        let file = File::open(source)?;
        let mut header = self.header(EntryType::Regular, 0o644);
        header.set_size(file.metadata()?.len());
        self.archive.append_data(&mut header, place, file)
    }

    /// Adds a link.
    pub(crate) fn link(&mut self, place: &Path, target: &Path, kind: EntryType) -> io::Result<()> {
        let mut header = self.header(kind, 0o777);
        self.archive.append_link(&mut header, place, target)
    }

    /// Has a layer remove what is below it.
    pub(crate) fn remove(&mut self, place: &Path) -> io::Result<()> {
        let name = place.file_name().unwrap_or_default().to_string_lossy();
        let marked = place.with_file_name(format!("{WHITE_OUT}{name}"));
        self.file(&marked, 0o644, 0, &[])
    }

    /// Has a layer show a folder as empty but for what the layer itself holds.
    pub(crate) fn empty(&mut self, place: &Path, mode: u32) -> io::Result<()> {
        self.folder(place, mode)?;
        self.file(&place.join(OPAQUE), 0o644, 0, &[])
    }

    /// Completes the archive.
    pub(crate) fn finish(self) -> io::Result<W> {
        self.archive.into_inner()
    }

    fn header(&self, kind: EntryType, mode: u32) -> Header {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode & self.ownership.mask);
        header.set_uid(self.ownership.id.unwrap_or(0).into());
        header.set_gid(self.ownership.id.unwrap_or(0).into());
        header.set_size(0);
        header.set_mtime(0);
        header
    }

    /// The header of something that is on the host.
    fn header_of(&self, kind: EntryType, metadata: &Metadata) -> Header {
        let mut header = self.header(kind, metadata.permissions().mode());
        if self.ownership.id.is_none() {
            header.set_uid(metadata.uid().into());
            header.set_gid(metadata.gid().into());
        }
        header
    }
}

/// A path as archives have it: below the root, without its slash.
fn inside(top: &Path, path: &Path) -> PathBuf {
    let top = top.strip_prefix("/").unwrap_or(top);
    if path.as_os_str().is_empty() {
        top.to_path_buf()
    } else {
        top.join(path)
    }
}
