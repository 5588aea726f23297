//! What a host folder that serves as a layer holds, in an order that never changes, and what overlayfs marked there.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use nix::libc;

/// One entry of a layer.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Its path below the layer's top; empty for the top itself.
    pub(crate) path: PathBuf,
    /// Where it is on the host.
    pub(crate) source: PathBuf,
    pub(crate) metadata: Metadata,
    pub(crate) mark: Option<Mark>,
}

/// What an entry says about the layers below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// There is nothing of this name.
    Removed,
    /// The folder replaces the one below.
    Opaque,
}

/// A layer's entries, each folder before its content; the top itself is not among them.
pub(crate) fn entries(layer: &Path) -> io::Result<Vec<Entry>> {
    let mut all = Vec::new();
    descend(layer, Path::new(""), &mut all)?;
    Ok(all)
}

fn descend(layer: &Path, below: &Path, all: &mut Vec<Entry>) -> io::Result<()> {
    let mut names = fs::read_dir(layer.join(below))?
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<io::Result<Vec<_>>>()?;
    names.sort();
    for name in names {
        let path = below.join(name);
        let entry = look(layer.join(&path), path.clone())?;
        let is_folder = entry.metadata.is_dir();
        all.push(entry);
        if is_folder {
            descend(layer, &path, all)?;
        }
    }
    Ok(())
}

/// One entry by its place.
pub(crate) fn look(source: PathBuf, path: PathBuf) -> io::Result<Entry> {
    let metadata = fs::symlink_metadata(&source)?;
    let mark = if metadata.file_type().is_char_device() && metadata.rdev() == 0 {
        Some(Mark::Removed)
    } else if metadata.is_dir() && is_opaque(&source)? {
        Some(Mark::Opaque)
    } else {
        None
    };
    Ok(Entry {
        path,
        source,
        metadata,
        mark,
    })
}

/// Whether overlayfs marked a folder as replacing the one below.
fn is_opaque(folder: &Path) -> io::Result<bool> {
    let path = CString::new(folder.as_os_str().as_bytes())?;
    let mut value = [0_u8; 1];
    // SAFETY: the strings live through the call and the length is the buffer's.
    let got = unsafe {
        libc::lgetxattr(
            path.as_ptr(),
            c"user.overlay.opaque".as_ptr(),
            value.as_mut_ptr().cast(),
            value.len(),
        )
    };
    Ok(got == 1 && value == *b"y")
}

/// What is seen of layers, the uppermost first: by path, without marks.
pub(crate) fn merged(layers: &[PathBuf]) -> io::Result<BTreeMap<PathBuf, Entry>> {
    let mut seen = BTreeMap::new();
    for layer in layers.iter().rev() {
        for mut entry in entries(layer)? {
            let hides = entry.mark.take().is_some() || !entry.metadata.is_dir();
            if hides {
                remove_below(&mut seen, &entry.path);
            }
            if entry.metadata.file_type().is_char_device() {
                seen.remove(&entry.path);
            } else {
                seen.insert(entry.path.clone(), entry);
            }
        }
    }
    Ok(seen)
}

fn remove_below(seen: &mut BTreeMap<PathBuf, Entry>, path: &Path) {
    let below: Vec<PathBuf> = seen
        .range(path.to_path_buf()..)
        .map(|(other, _)| other)
        .take_while(|other| other.starts_with(path))
        .filter(|other| *other != path)
        .cloned()
        .collect();
    for other in below {
        seen.remove(&other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(folder: &Path, files: &[&str]) {
        for file in files {
            let path = folder.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
    }

    fn paths(layers: &[PathBuf]) -> Vec<String> {
        let seen = merged(layers).unwrap();
        seen.keys().map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn an_upper_file_hides_a_lower_folder_and_all_in_it() {
        let host = tempfile::tempdir().unwrap();
        let (upper, lower) = (host.path().join("upper"), host.path().join("lower"));
        tree(&upper, &["a"]);
        tree(&lower, &["a/b/c", "a-b", "d"]);
        assert_eq!(paths(&[upper, lower]), ["a", "a-b", "d"]);
    }

    #[test]
    fn folders_are_merged_and_the_upper_file_is_seen() {
        let host = tempfile::tempdir().unwrap();
        let (upper, lower) = (host.path().join("upper"), host.path().join("lower"));
        tree(&upper, &["a/one"]);
        tree(&lower, &["a/one", "a/two"]);
        let seen = merged(&[upper.clone(), lower]).unwrap();
        assert_eq!(seen[Path::new("a/one")].source, upper.join("a/one"));
        assert_eq!(seen.len(), 3);
    }
}
