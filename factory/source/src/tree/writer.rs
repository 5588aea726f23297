//! Filling a folder with files of unknown origin.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::io::{BufWriter, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use filetime::{FileTime, set_file_mtime, set_symlink_file_times};
use sha2::{Digest, Sha256};

use super::DATE;
use super::digest::{Entry, digest_of};
use super::path::{clean_path, is_git_name};
use crate::Limits;
use crate::error::{Error, Result, io};

/// What was left out of a tree, by reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Left {
    /// Links, hard or symbolic, that lead out of the tree.
    pub links: u64,
    /// Files of git's own folder.
    pub git: u64,
}

impl Left {
    /// The sentences for [`crate::Repository::notices`].
    pub fn notices(&self) -> Vec<String> {
        let mut notices = Vec::new();
        if self.links > 0 {
            notices.push(format!(
                "{} links that leave the tree were left out",
                self.links
            ));
        }
        if self.git > 0 {
            notices.push(format!(
                "{} entries of .git folders were left out",
                self.git
            ));
        }
        notices
    }
}

/// What [`TreeWriter::finish`] hands back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The tree's digest, as [`crate::tree_digest`] would compute it.
    pub digest: String,
    /// Files and links.
    pub entries: usize,
    /// Bytes of all files.
    pub bytes: u64,
    /// What was left out.
    pub left: Left,
}

/// Writes files into a new folder. Links are kept in mind and made last, by [`TreeWriter::finish`]: while
/// files are written there is no link to write through.
#[derive(Debug)]
pub struct TreeWriter<'l> {
    origin: String,
    root: PathBuf,
    limits: &'l Limits,
    entries: BTreeMap<Vec<u8>, Entry>,
    folders: BTreeSet<Vec<u8>>,
    sizes: BTreeMap<Vec<u8>, u64>,
    members: u64,
    written: u64,
    left: Left,
}

impl<'l> TreeWriter<'l> {
    /// A writer into `root`, which must be an empty folder. `origin` names the source in errors.
    pub fn new(origin: impl Into<String>, root: &Path, limits: &'l Limits) -> Self {
        Self {
            origin: origin.into(),
            root: root.to_owned(),
            limits,
            entries: BTreeMap::new(),
            folders: BTreeSet::new(),
            sizes: BTreeMap::new(),
            members: 0,
            written: 0,
            left: Left::default(),
        }
    }

    /// Writes a file; a later file of the same path replaces it, as in tar.
    pub fn file(&mut self, path: &[u8], executable: bool, content: &mut dyn Read) -> Result<()> {
        let Some(path) = self.admit(path)? else {
            return Ok(());
        };
        let place = self.place(&path);
        if let Some(parent) = place.parent() {
            fs::create_dir_all(parent).map_err(io("create", parent))?;
        }
        let file = File::create(&place).map_err(io("create", &place))?;
        let mut out = BufWriter::new(file);
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 64 << 10];
        let mut size = 0_u64;
        loop {
            let count = match content.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) => return Err(self.unreadable(&path, &error)),
            };
            size += count as u64;
            self.written += count as u64;
            self.check_size(&path, size)?;
            hash.update(&buffer[..count]);
            out.write_all(&buffer[..count])
                .map_err(io("write", &place))?;
        }
        out.flush().map_err(io("write", &place))?;
        let sha256 = hash.finalize().into();
        self.sizes.insert(path.clone(), size);
        self.entries
            .insert(path, Entry::File { executable, sha256 });
        Ok(())
    }

    /// Keeps a symbolic link in mind.
    pub fn link(&mut self, path: &[u8], target: &[u8]) -> Result<()> {
        let Some(path) = self.admit(path)? else {
            return Ok(());
        };
        if self.entries.contains_key(&path) {
            let place = self.place(&path);
            if matches!(self.entries.get(&path), Some(Entry::File { .. })) {
                fs::remove_file(&place).map_err(io("replace", &place))?;
                self.sizes.remove(&path);
            }
        }
        self.entries.insert(path, Entry::Link(target.to_vec()));
        Ok(())
    }

    /// Writes a copy of a file that was written before: what a hard link means in a tree without links.
    /// One that names no earlier file is left out and counted.
    pub fn hard_link(&mut self, path: &[u8], target: &[u8]) -> Result<()> {
        let known = clean_path(target, self.limits)
            .ok()
            .map(|parts| parts.join(&b'/'));
        let Some((known, executable)) = known.and_then(|known| match self.entries.get(&known) {
            Some(Entry::File { executable, .. }) => Some((known, *executable)),
            _ => None,
        }) else {
            self.left.links += 1;
            return Ok(());
        };
        let Some(own) = self.admit(path)? else {
            return Ok(());
        };
        if own == known {
            return Ok(());
        }
        let place = self.place(&known);
        let mut content = File::open(&place).map_err(io("read", &place))?;
        self.file(path, executable, &mut content)
    }

    /// Counts a folder against the limits. Folders themselves come with their files: git, and so a commit,
    /// knows no empty ones.
    pub fn folder(&mut self, path: &[u8]) -> Result<()> {
        self.count()?;
        clean_path(path, self.limits)
            .map(|_| ())
            .map_err(|problem| self.refused(path, &problem.to_string()))
    }

    /// Makes the links, gives everything its mode and date, and moves the tree out of its single top folder
    /// if `strip_top` asks for that and there is one.
    pub fn finish(mut self, strip_top: bool) -> Result<Written> {
        if strip_top {
            self.strip_top()?;
        }
        self.make_links()?;
        self.settle()?;
        let bytes = self.sizes.values().sum();
        Ok(Written {
            digest: digest_of(&self.entries),
            entries: self.entries.len(),
            bytes,
            left: self.left,
        })
    }

    /// The clean path, or nothing for one that is left out.
    fn admit(&mut self, path: &[u8]) -> Result<Option<Vec<u8>>> {
        self.count()?;
        let parts = clean_path(path, self.limits)
            .map_err(|problem| self.refused(path, &problem.to_string()))?;
        if parts.is_empty() {
            return Err(self.refused(path, "it names the folder itself"));
        }
        if parts.iter().any(|part| is_git_name(part)) {
            self.left.git += 1;
            return Ok(None);
        }
        let clean = parts.join(&b'/');
        if self.folders.contains(&clean) {
            return Err(self.refused(path, "it is a folder and a file at once"));
        }
        for end in 1..parts.len() {
            let folder = parts[..end].join(&b'/');
            match self.entries.get(&folder) {
                Some(Entry::Link(_)) => {
                    return Err(self.refused(path, "it would be written through a link"));
                }
                Some(Entry::File { .. }) => {
                    return Err(self.refused(path, "it lies below a file"));
                }
                None => self.folders.insert(folder),
            };
        }
        Ok(Some(clean))
    }

    fn count(&mut self) -> Result<()> {
        self.members += 1;
        if self.members > self.limits.members {
            return Err(Error::TooLarge {
                what: format!("the number of members of {}", self.origin),
                limit: format!("{} members", self.limits.members),
            });
        }
        Ok(())
    }

    fn check_size(&self, path: &[u8], size: u64) -> Result<()> {
        let (what, limit) = if size > self.limits.file_bytes {
            let name = String::from_utf8_lossy(path);
            (
                format!("the file {name} of {}", self.origin),
                self.limits.file_bytes,
            )
        } else if self.written > self.limits.tree_bytes {
            (
                format!("the content of {}", self.origin),
                self.limits.tree_bytes,
            )
        } else {
            return Ok(());
        };
        Err(Error::TooLarge {
            what,
            limit: format!("{limit} bytes"),
        })
    }

    fn strip_top(&mut self) -> Result<()> {
        let Some(top) = single_top(&self.entries) else {
            return Ok(());
        };
        let cut = top.len() + 1;
        self.entries = std::mem::take(&mut self.entries)
            .into_iter()
            .map(|(path, entry)| (path[cut..].to_vec(), entry))
            .collect();
        let inner = self.place(&top);
        if !inner.is_dir() {
            return Ok(()); // nothing but links
        }
        // A name that no member has, since members of the root all lie below `top`.
        let aside = self.root.with_extension("top");
        fs::rename(&inner, &aside).map_err(io("move", &inner))?;
        fs::remove_dir(&self.root).map_err(io("remove", &self.root))?;
        fs::rename(&aside, &self.root).map_err(io("move", &aside))
    }

    fn make_links(&mut self) -> Result<()> {
        let links: Vec<(Vec<u8>, Vec<u8>)> = self
            .entries
            .iter()
            .filter_map(|(path, entry)| match entry {
                Entry::Link(target) => Some((path.clone(), target.clone())),
                Entry::File { .. } => None,
            })
            .collect();
        let leaving: Vec<Vec<u8>> = links
            .iter()
            .filter(|(path, _)| !stays_inside(&self.entries, path))
            .map(|(path, _)| path.clone())
            .collect();
        for path in &leaving {
            self.entries.remove(path);
        }
        self.left.links += leaving.len() as u64;
        for (path, target) in links {
            if self.entries.contains_key(&path) {
                let place = self.place(&path);
                if let Some(parent) = place.parent() {
                    fs::create_dir_all(parent).map_err(io("create", parent))?;
                }
                symlink(OsStr::from_bytes(&target), &place).map_err(io("link", &place))?;
            }
        }
        Ok(())
    }

    /// Modes and dates, files before the folders they lie in.
    fn settle(&self) -> Result<()> {
        let date = FileTime::from_unix_time(DATE, 0);
        let mut folders: BTreeSet<PathBuf> = BTreeSet::from([self.root.clone()]);
        for (path, entry) in &self.entries {
            let place = self.place(path);
            match entry {
                Entry::File { executable, .. } => {
                    let mode = if *executable { 0o755 } else { 0o644 };
                    fs::set_permissions(&place, Permissions::from_mode(mode))
                        .map_err(io("set the mode of", &place))?;
                    set_file_mtime(&place, date).map_err(io("date", &place))?;
                }
                Entry::Link(_) => {
                    set_symlink_file_times(&place, date, date).map_err(io("date", &place))?;
                }
            }
            folders.extend(
                place
                    .ancestors()
                    .skip(1)
                    .take_while(|folder| folder.starts_with(&self.root))
                    .map(Path::to_owned),
            );
        }
        for folder in folders.iter().rev() {
            fs::set_permissions(folder, Permissions::from_mode(0o755))
                .map_err(io("set the mode of", folder))?;
            set_file_mtime(folder, date).map_err(io("date", folder))?;
        }
        Ok(())
    }

    fn place(&self, path: &[u8]) -> PathBuf {
        self.root.join(OsStr::from_bytes(path))
    }

    fn refused(&self, path: &[u8], problem: &str) -> Error {
        Error::Archive {
            file: self.origin.clone(),
            problem: format!("of '{}', {problem}", show(path)),
        }
    }

    fn unreadable(&self, path: &[u8], error: &std::io::Error) -> Error {
        match error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<crate::archive::Bomb>())
        {
            Some(bomb) => bomb.to_error(&self.origin),
            None => Error::Archive {
                file: self.origin.clone(),
                problem: format!("'{}' is damaged: {error}", show(path)),
            },
        }
    }
}

/// A path for a message: bounded, and without control characters that could fool a terminal.
fn show(path: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(path)
        .chars()
        .take(200)
        .flat_map(|c| c.escape_debug().collect::<Vec<_>>())
        .collect();
    text
}

/// The first component, if all paths share it and lie below it.
fn single_top(entries: &BTreeMap<Vec<u8>, Entry>) -> Option<Vec<u8>> {
    let mut tops = entries.keys().map(|path| {
        let end = path.iter().position(|&byte| byte == b'/')?;
        Some(&path[..end])
    });
    let first = tops.next()??;
    tops.all(|top| top == Some(first)).then(|| first.to_vec())
}

/// Follows a link the way the kernel does, over the entries as they will be: every step and every link met
/// on the way must stay in the tree. A link to nothing inside the tree is harmless and stays.
fn stays_inside(entries: &BTreeMap<Vec<u8>, Entry>, link: &[u8]) -> bool {
    let mut here: Vec<Vec<u8>> = Vec::new();
    let mut ahead: Vec<Vec<u8>> = link.split(|&b| b == b'/').map(<[u8]>::to_vec).collect();
    ahead.reverse();
    let mut hops = 0;
    while let Some(part) = ahead.pop() {
        if part.is_empty() || part == b"." {
            continue;
        }
        if part == b".." {
            if here.pop().is_none() {
                return false;
            }
            continue;
        }
        here.push(part);
        if let Some(Entry::Link(target)) = entries.get(&here.join(&b'/')) {
            hops += 1;
            if hops > 40 || target.is_empty() || target[0] == b'/' || target.contains(&0) {
                return false;
            }
            here.pop();
            ahead.extend(target.split(|&b| b == b'/').rev().map(<[u8]>::to_vec));
        }
        if here.iter().any(|part| is_git_name(part)) {
            return false;
        }
    }
    true
}
