//! What an attempt changed, told by comparing its sandbox's files with a fresh one's.
//!
//! The comparison is made on this side. Nothing that an agent could have prepared has a say: not its git, whose index,
//! attributes, filters and configuration it can write, nor programs of the environment. Files are listed by the system's own
//! `find` and `sha256sum`, which are read-only in a sandbox, over the record channel, and read by the sandbox's machinery.

mod git_diff;
mod ignored;
mod listing;
mod untouched;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use swemill_sandbox::Sandbox;

use crate::place::Place;
use listing::{Entry, Listing};
use untouched::Before;

pub use untouched::Untouched;

/// The largest file whose changes are taken, in bytes.
const MOST_FILE_BYTES: usize = 2 << 20;
/// The most files of one patch.
const MOST_FILES: usize = 500;
/// The most text of one patch, in bytes.
const MOST_BYTES: usize = 16 << 20;

/// The changes of a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patch {
    /// A unified diff as git writes it, files in order of their paths.
    pub text: String,
    /// Where each file's part of it is.
    pub files: Vec<PatchedFile>,
    /// Changes that a patch of text cannot have, or should not.
    pub left_out: Vec<LeftOut>,
}

/// One file of a patch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatchedFile {
    /// Its path in the repository.
    pub path: String,
    /// Where its part of the text begins, in bytes.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

/// A change that is not in the patch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The file.
    pub path: String,
    /// Why.
    pub reason: Reason,
}

/// Why a change is not in the patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It is no text.
    Binary,
    /// It is larger than a repair should be.
    Huge,
    /// It is a link, a socket or the like, or has become one.
    Special,
    /// Its path has characters that no diff should have.
    Name,
    /// There are too many changed files.
    Count,
}

/// The patch could not be taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PatchError {
    /// A sandbox failed.
    #[error("cannot compare the repository: {0}")]
    Sandbox(#[from] swemill_sandbox::Error),
    /// The listing of a repository is no listing.
    #[error("cannot list {root} in the sandbox: {reason}")]
    Listing {
        /// The repository.
        root: String,
        /// What happened.
        reason: String,
    },
}

/// A patch, and the sandbox that was started to compare with, if one was: to be stopped when there is time for it.
#[derive(Debug)]
pub struct Compared {
    /// What was changed.
    pub patch: Patch,
    /// The other sandbox. Dropped, it ends as well, without anybody waiting for it.
    pub beside: Option<Box<dyn Sandbox>>,
}

/// What the repository at `root` of a sandbox has that a fresh one of the same place has not.
pub async fn of(
    worked: &dyn Sandbox,
    place: &dyn Place,
    root: &str,
) -> Result<Compared, PatchError> {
    let unknown = Untouched::default();
    let untouched = place.untouched().unwrap_or(&unknown);
    let mut before = untouched.of(place, root).await?;
    let (new, ready) = tokio::join!(listing::of(worked, root), before.ready());
    ready?;
    let patch = since(&mut before, &new?, worked, root).await?;
    Ok(Compared {
        patch,
        beside: before.end(),
    })
}

/// What a sandbox's repository has that it had not before.
async fn since(
    before: &mut Before<'_>,
    new: &Listing,
    after: &dyn Sandbox,
    root: &str,
) -> Result<Patch, PatchError> {
    let mut patch = Patch::default();
    let mut count = 0;
    for (path, then, now) in changes(before, new) {
        count += 1;
        let outcome = if count > MOST_FILES {
            Err(Reason::Count)
        } else {
            diff(before, after, root, &path, then.as_ref(), now).await?
        };
        patch.take(&String::from_utf8_lossy(&path), outcome);
    }
    Ok(patch)
}

/// A file that is not what it was: its path, and what it was and is.
type Change<'a> = (Vec<u8>, Option<Entry>, Option<&'a Entry>);

/// The files that changed, in order of their paths, but for those that git would leave out.
fn changes<'a>(before: &Before<'_>, new: &'a Listing) -> Vec<Change<'a>> {
    let old = before.listing();
    let paths: BTreeSet<&Vec<u8>> = old.keys().chain(new.keys()).collect();
    let changed = paths
        .into_iter()
        .filter(|path| old.get(*path) != new.get(*path) && !before.ignores(path));
    changed
        .map(|path| (path.clone(), old.get(path).cloned(), new.get(path)))
        .collect()
}

/// One file's diff, or why there is none.
async fn diff(
    before: &mut Before<'_>,
    after: &dyn Sandbox,
    root: &str,
    path: &[u8],
    then: Option<&Entry>,
    now: Option<&Entry>,
) -> Result<Result<String, Reason>, PatchError> {
    let Some(name) = listing::plain_name(path) else {
        return Ok(Err(Reason::Name));
    };
    let entries = || then.iter().chain(&now);
    if entries().any(|entry| !entry.is_plain) {
        return Ok(Err(Reason::Special));
    }
    if entries().any(|entry| entry.bytes > MOST_FILE_BYTES as u64) {
        return Ok(Err(Reason::Huge));
    }
    let mut sides = [None, None];
    for (side, entry) in sides.iter_mut().zip([(then, true), (now, false)]) {
        let (Some(entry), is_before) = entry else {
            continue;
        };
        let text = if is_before {
            before.text(name).await?
        } else {
            untouched::read(after, root, name).await?
        };
        match text {
            Ok(text) => {
                *side = Some(git_diff::Side {
                    text,
                    executable: entry.executable,
                });
            }
            Err(reason) => return Ok(Err(reason)),
        }
    }
    let [then, now] = sides;
    Ok(Ok(git_diff::file(name, then.as_ref(), now.as_ref())))
}

impl Patch {
    fn take(&mut self, path: &str, outcome: Result<String, Reason>) {
        let outcome = outcome.and_then(|text| {
            let fits = self.text.len() + text.len() <= MOST_BYTES;
            fits.then_some(text).ok_or(Reason::Huge)
        });
        match outcome {
            Err(reason) => self.left_out.push(LeftOut {
                path: path.to_owned(),
                reason,
            }),
            Ok(text) if text.is_empty() => {}
            Ok(text) => {
                let start = self.text.len();
                self.text += &text;
                self.files.push(PatchedFile {
                    path: path.to_owned(),
                    start,
                    end: self.text.len(),
                });
            }
        }
    }

    /// The part of the patch whose files a printed diff names. A print that names no changed file chooses nothing, so
    /// that an agent that submits an empty diff gets what it asked for.
    pub fn chosen_by(&self, printed: &str) -> String {
        let named: BTreeSet<&str> = printed.lines().filter_map(named_file).collect();
        let chosen = self
            .files
            .iter()
            .filter(|file| named.contains(file.path.as_str()));
        chosen
            .map(|file| &self.text[file.start..file.end])
            .collect()
    }
}

/// The file that a header line of a diff names. Lines of content that look like headers can only name more.
fn named_file(line: &str) -> Option<&str> {
    let name = ["+++ ", "--- ", "rename to ", "rename from "]
        .iter()
        .find_map(|header| line.strip_prefix(header))
        .or_else(|| {
            line.strip_prefix("diff --git ")?
                .split_once(" b/")
                .map(|pair| pair.1)
        })?;
    let name = name.split('\t').next()?.trim_end();
    Some(
        name.strip_prefix("a/")
            .or_else(|| name.strip_prefix("b/"))
            .unwrap_or(name),
    )
}
