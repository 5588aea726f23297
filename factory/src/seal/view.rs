//! The files of a tree as a sandbox sees them, read on the host from the tree's layers.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Component, Path, PathBuf};

use swemill_sandbox::{EnvironmentSpec, Tree};

/// A tree's layers, looked at as one. No link is ever followed.
#[derive(Clone, Debug)]
pub struct View {
    /// Host folders, the uppermost first.
    layers: Vec<PathBuf>,
}

/// What lies at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A plain file.
    File {
        /// Where its bytes are, on the host.
        place: PathBuf,
        /// Whether its owner may execute it.
        executable: bool,
    },
    /// A symbolic link.
    Link(PathBuf),
    /// A folder.
    Folder,
}

impl View {
    /// The view of the tree that a spec puts at `target`.
    pub fn of(spec: &EnvironmentSpec, target: &Path) -> Option<Self> {
        let tree: &Tree = spec.trees.iter().find(|tree| tree.target == target)?;
        Some(Self::over(tree.lower.clone()))
    }

    /// The view of some layers, the uppermost first.
    pub fn over(layers: Vec<PathBuf>) -> Self {
        Self { layers }
    }

    /// The lowest layer: what was there before anything was added.
    pub fn lowest(&self) -> &Path {
        self.layers.last().map_or(Path::new(""), PathBuf::as_path)
    }

    /// What lies at a path below the tree's top; nothing where a link or a file is on the way.
    pub fn entry(&self, path: &str) -> Option<Entry> {
        let plain = Path::new(path)
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        if !plain {
            return None;
        }
        let mut here = PathBuf::new();
        let mut parts = Path::new(path).components().peekable();
        while let Some(part) = parts.next() {
            here.push(part);
            let found = self.uppermost(&here)?;
            if parts.peek().is_none() {
                return Some(found);
            }
            if found != Entry::Folder {
                return None;
            }
        }
        Some(Entry::Folder)
    }

    /// The bytes of a plain file, `None` where there is none.
    pub fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        match self.entry(path) {
            Some(Entry::File { place, .. }) => fs::read(place).map(Some),
            _ => Ok(None),
        }
    }

    /// Everything in the tree by its path, in order, without what lies in a folder that `skip` names.
    pub fn walk(&self, skip: &dyn Fn(&str) -> bool) -> io::Result<BTreeMap<PathBuf, Entry>> {
        let mut found = BTreeMap::new();
        self.walk_folder(Path::new(""), skip, &mut found)?;
        Ok(found)
    }

    fn walk_folder(
        &self,
        folder: &Path,
        skip: &dyn Fn(&str) -> bool,
        found: &mut BTreeMap<PathBuf, Entry>,
    ) -> io::Result<()> {
        let mut names = BTreeMap::new();
        for layer in &self.layers {
            let place = layer.join(folder);
            match fs::symlink_metadata(&place) {
                Ok(about) if about.is_dir() => {}
                // What is no folder here hides the folders below.
                Ok(_) => break,
                Err(_) => continue,
            }
            for item in fs::read_dir(place)? {
                let item = item?;
                let about = item.metadata()?;
                names
                    .entry(item.file_name())
                    .or_insert_with(|| entry_of(&item.path(), &about));
            }
        }
        for (name, entry) in names {
            if skip(&name.to_string_lossy()) {
                continue;
            }
            let Some(entry) = entry else { continue };
            let path = folder.join(&name);
            let is_folder = entry == Entry::Folder;
            found.insert(path.clone(), entry);
            if is_folder {
                self.walk_folder(&path, skip, found)?;
            }
        }
        Ok(())
    }

    fn uppermost(&self, path: &Path) -> Option<Entry> {
        let mut layers = self.layers.iter().map(|layer| layer.join(path));
        layers
            .find_map(|place| {
                let about = fs::symlink_metadata(&place).ok()?;
                Some(entry_of(&place, &about))
            })
            .flatten()
    }
}

/// `None` for what is no content: a mark of overlayfs that something was deleted, a socket, a pipe.
fn entry_of(place: &Path, about: &Metadata) -> Option<Entry> {
    let kind = about.file_type();
    if kind.is_dir() {
        Some(Entry::Folder)
    } else if kind.is_symlink() {
        fs::read_link(place).ok().map(Entry::Link)
    } else if kind.is_file() {
        Some(Entry::File {
            place: place.to_owned(),
            executable: about.permissions().mode() & 0o100 != 0,
        })
    } else {
        debug_assert!(
            kind.is_char_device() || kind.is_block_device() || kind.is_fifo() || kind.is_socket()
        );
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upper_layers_win_and_links_lead_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let (upper, lower) = (folder.path().join("upper"), folder.path().join("lower"));
        fs::create_dir_all(upper.join("a")).unwrap();
        fs::create_dir_all(lower.join("a")).unwrap();
        fs::write(upper.join("a/x"), "up").unwrap();
        fs::write(lower.join("a/x"), "low").unwrap();
        fs::write(lower.join("a/y"), "y").unwrap();
        std::os::unix::fs::symlink("/etc", lower.join("etc")).unwrap();
        let view = View::over(vec![upper, lower]);
        assert_eq!(view.read("a/x").unwrap().unwrap(), b"up");
        assert_eq!(view.read("a/y").unwrap().unwrap(), b"y");
        assert_eq!(view.read("etc/passwd").unwrap(), None);
        assert_eq!(view.entry("etc"), Some(Entry::Link("/etc".into())));
        assert_eq!(view.entry("a/../a/x"), None);
        assert_eq!(view.entry("/a/x"), None);
        let all = view.walk(&|_| false).unwrap();
        let names: Vec<_> = all.keys().map(|path| path.to_str().unwrap()).collect();
        assert_eq!(names, ["a", "a/x", "a/y", "etc"]);
    }
}
