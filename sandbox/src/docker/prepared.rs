//! What preparing an environment leaves for its sandboxes.

use std::path::{Path, PathBuf};

use tempfile::TempPath;

/// Bytes of a memory page.
const PAGE: u64 = 4096;

/// An image, and what has to be brought into every container of it.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// The name by which the engine knows the image.
    pub(crate) image: String,
    pub(crate) trees: Vec<Placed>,
    /// What is unpacked over the root of a new container.
    pub(crate) archive: Archive,
}

/// A tar archive on disk, gone with the last that uses it.
#[derive(Debug)]
pub(crate) struct Archive {
    pub(crate) path: TempPath,
    pub(crate) bytes: u64,
}

/// A tree and how it comes into a container.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub(crate) target: PathBuf,
    pub(crate) content: Content,
    /// Pages that its files fill, and how many files and folders there are.
    pub(crate) pages: u64,
    pub(crate) entries: u64,
}

/// Where a tree's files come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// From the image, where they stay, read-only: a tree too large to be copied.
    InPlace,
    /// From this folder of the image, copied into memory at the start.
    Copied(PathBuf),
    /// From the archive that is sent to each container: what a task may have changed must not lie in the image
    /// in its original state, where commands could read it.
    Sent,
}

impl Placed {
    /// Bytes of memory that its files fill.
    pub(crate) fn pages(&self) -> u64 {
        self.pages * PAGE
    }

    /// Counts a file of so many bytes.
    pub(crate) fn count(&mut self, bytes: u64) {
        self.pages += bytes.div_ceil(PAGE);
        self.entries += 1;
    }
}

impl Prepared {
    /// Bytes of memory that every container's trees begin with.
    pub(crate) fn copied_bytes(&self) -> u64 {
        let copied = self
            .trees
            .iter()
            .filter(|tree| tree.content != Content::InPlace);
        copied.map(Placed::pages).sum()
    }

    /// The tree that a path inside lies in, if that is written in memory.
    pub(crate) fn copies(&self) -> Vec<(&Path, &Path)> {
        let mut copies: Vec<(&Path, &Path)> = self
            .trees
            .iter()
            .filter_map(|tree| match &tree.content {
                Content::Copied(from) => Some((from.as_path(), tree.target.as_path())),
                Content::InPlace | Content::Sent => None,
            })
            .collect();
        // Outer trees before those inside them.
        copies.sort_by_key(|(_, to)| to.components().count());
        copies
    }
}
