//! Writing a commit's files from git's objects.

use git2::{ObjectType, Oid, Repository, Tree};
use url::Url;

use super::{Context, Found, failed, submodules};
use crate::error::{Error, Result};
use crate::redact;
use crate::tree::TreeWriter;

/// What a Git LFS pointer begins with; the content it stands for is not fetched.
const LFS: &[u8] = b"version https://git-lfs.github.com/spec/v1\n";

const LINK: i32 = 0o120_000;

/// A submodule to be filled in: where, and with which commit.
pub(super) struct Gap {
    pub(super) path: Vec<u8>,
    pub(super) commit: Oid,
}

struct Walk<'w, 't, 'l> {
    repository: &'w Repository,
    url: &'w Url,
    tree: &'t mut TreeWriter<'l>,
    gaps: Vec<Gap>,
    pointers: u64,
    depth: usize,
}

/// Writes a commit's files and those of its submodules; returns what is worth knowing.
pub(super) fn write(
    context: &Context<'_>,
    found: &Found,
    url: &Url,
    tree: &mut TreeWriter<'_>,
) -> Result<Vec<String>> {
    write_below(context, found, url, tree, b"", 0)
}

/// The same below a folder, at a depth of submodules.
pub(super) fn write_below(
    context: &Context<'_>,
    found: &Found,
    url: &Url,
    tree: &mut TreeWriter<'_>,
    prefix: &[u8],
    nested: usize,
) -> Result<Vec<String>> {
    let repository = &found.repository;
    let top = repository
        .find_commit(found.commit)
        .and_then(|commit| commit.tree())
        .map_err(|error| failed(url, &error))?;
    let mut walk = Walk {
        repository,
        url,
        tree,
        gaps: Vec::new(),
        pointers: 0,
        depth: context.limits.depth,
    };
    walk.folder(&top, prefix, 0)?;
    let (gaps, pointers) = (walk.gaps, walk.pointers);
    let mut notices = Vec::new();
    if pointers > 0 {
        notices.push(format!(
            "{pointers} files are Git LFS pointers, whose content was not fetched"
        ));
    }
    notices.extend(submodules::fill(
        context, found, url, tree, &top, prefix, gaps, nested,
    )?);
    Ok(notices)
}

impl Walk<'_, '_, '_> {
    fn folder(&mut self, folder: &Tree<'_>, prefix: &[u8], depth: usize) -> Result<()> {
        if depth > self.depth {
            return Err(Error::Archive {
                file: redact::url(self.url),
                problem: "its folders are nested too deep".to_owned(),
            });
        }
        for entry in folder {
            let mut path = prefix.to_vec();
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(entry.name_bytes());
            match entry.kind() {
                Some(ObjectType::Tree) => {
                    let inner = self
                        .repository
                        .find_tree(entry.id())
                        .map_err(|error| failed(self.url, &error))?;
                    self.folder(&inner, &path, depth + 1)?;
                }
                Some(ObjectType::Blob) => {
                    let blob = self
                        .repository
                        .find_blob(entry.id())
                        .map_err(|error| failed(self.url, &error))?;
                    let mut content = blob.content();
                    if entry.filemode() == LINK {
                        self.tree.link(&path, content)?;
                    } else {
                        self.pointers += u64::from(content.starts_with(LFS));
                        let executable = entry.filemode() & 0o100 != 0;
                        self.tree.file(&path, executable, &mut content)?;
                    }
                }
                Some(ObjectType::Commit) => self.gaps.push(Gap {
                    path,
                    commit: entry.id(),
                }),
                _ => {
                    return Err(Error::Archive {
                        file: redact::url(self.url),
                        problem: format!(
                            "its entry '{}' is of no known kind",
                            String::from_utf8_lossy(&path)
                        ),
                    });
                }
            }
        }
        Ok(())
    }
}
