//! One number for the content of a tree.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::error::{Result, io};

/// One file or link of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    /// A file: whether it may be executed, and the sha256 of its bytes.
    File { executable: bool, sha256: [u8; 32] },
    /// A link, with its target.
    Link(Vec<u8>),
}

/// The sha256, in hexadecimal, over the sorted paths, modes and contents of a folder.
///
/// Dates, owners and empty folders do not count; any `.git` does not either. Each part is framed by its
/// length, so that no two different trees read the same.
pub fn tree_digest(tree: &Path) -> Result<String> {
    Ok(digest_of(&scan(tree)?))
}

pub(super) fn digest_of(entries: &BTreeMap<Vec<u8>, Entry>) -> String {
    let mut hash = Sha256::new();
    for (path, entry) in entries {
        let (mode, content): (&[u8], &[u8]) = match entry {
            Entry::File {
                executable: true,
                sha256,
            } => (b"100755", sha256),
            Entry::File { sha256, .. } => (b"100644", sha256),
            Entry::Link(target) => (b"120000", target),
        };
        for part in [mode, path, content] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
    }
    hex::encode(hash.finalize())
}

/// The sha256 of a file's bytes.
pub(crate) fn sha256_of(place: &Path) -> std::io::Result<[u8; 32]> {
    let mut file = File::open(place)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hash.finalize().into()),
            count => hash.update(&buffer[..count]),
        }
    }
}

/// The files and links below a folder, by path.
fn scan(tree: &Path) -> Result<BTreeMap<Vec<u8>, Entry>> {
    let mut entries = BTreeMap::new();
    let mut folders = vec![(tree.to_owned(), Vec::new())];
    while let Some((folder, prefix)) = folders.pop() {
        for item in fs::read_dir(&folder).map_err(io("list", &folder))? {
            let item = item.map_err(io("list", &folder))?;
            let place = item.path();
            let name = item.file_name();
            if super::path::is_git_name(name.as_bytes()) {
                continue;
            }
            let mut path: Vec<u8> = prefix.clone();
            path.extend_from_slice(name.as_bytes());
            let about = item.metadata().map_err(io("look at", &place))?;
            if about.is_dir() {
                path.push(b'/');
                folders.push((place, path));
            } else if about.is_symlink() {
                let target = fs::read_link(&place).map_err(io("read the link", &place))?;
                entries.insert(path, Entry::Link(target.as_os_str().as_bytes().to_vec()));
            } else if about.is_file() {
                let sha256 = sha256_of(&place).map_err(io("read", &place))?;
                let executable = about.permissions().mode() & 0o100 != 0;
                entries.insert(path, Entry::File { executable, sha256 });
            }
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let place = folder.path().join(path);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(place, text).unwrap();
        }
        folder
    }

    fn digest(files: &[(&str, &str)]) -> String {
        tree_digest(tree(files).path()).unwrap()
    }

    #[test]
    fn the_digest_is_a_function_of_content_and_not_of_dates_or_order() {
        let first = digest(&[("a/b.py", "1"), ("c", "2")]);
        assert_eq!(first, digest(&[("c", "2"), ("a/b.py", "1")]));
        assert_eq!(first.len(), 64);
    }

    #[test]
    fn content_names_and_modes_each_change_the_digest() {
        let plain = digest(&[("a", "1")]);
        assert_ne!(plain, digest(&[("a", "2")]));
        assert_ne!(plain, digest(&[("b", "1")]));
        assert_ne!(digest(&[("ab", "c")]), digest(&[("a", "bc")]));
        let folder = tree(&[("a", "1")]);
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(folder.path().join("a"), mode).unwrap();
        assert_ne!(plain, tree_digest(folder.path()).unwrap());
    }

    #[test]
    fn git_folders_and_empty_folders_do_not_count() {
        let folder = tree(&[("a", "1"), (".git/HEAD", "x")]);
        fs::create_dir(folder.path().join("empty")).unwrap();
        assert_eq!(tree_digest(folder.path()).unwrap(), digest(&[("a", "1")]));
    }
}
