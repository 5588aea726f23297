//! What an attempt changed, told by comparing its sandbox's files with a fresh one's.
//!
//! The comparison is made on this side. Nothing that an agent could have prepared has a say: not its git, whose index,
//! attributes, filters and configuration it can write, nor programs of the environment. Files are listed by the system's own
//! `find` and `sha256sum`, which are read-only in a sandbox, over the record channel, and read by the sandbox's machinery.

mod git_diff;
mod ignored;
mod listing;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use swemill_sandbox::Sandbox;

use crate::place::Place;
use ignored::Ignored;
use listing::{Entry, Listing};

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

/// What the repository at `root` of a sandbox has that a fresh one of the same place has not.
pub async fn of(worked: &dyn Sandbox, place: &dyn Place, root: &str) -> Result<Patch, PatchError> {
    let fresh = place.start().await?;
    let patch = between(fresh.as_ref(), worked, root).await;
    fresh.stop().await?;
    patch
}

/// What one sandbox's repository has that the other's has not.
pub async fn between(
    before: &dyn Sandbox,
    after: &dyn Sandbox,
    root: &str,
) -> Result<Patch, PatchError> {
    let (old, new) = (
        listing::of(before, root).await?,
        listing::of(after, root).await?,
    );
    let ignored = Ignored::of(before, root, &old).await?;
    let mut patch = Patch::default();
    let mut count = 0;
    for path in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
        let (then, now) = (old.get(path), new.get(path));
        if then == now || ignored.covers(path) {
            continue;
        }
        count += 1;
        let outcome = if count > MOST_FILES {
            Err(Reason::Count)
        } else {
            diff(before, after, root, path, then, now).await?
        };
        patch.take(&String::from_utf8_lossy(path), outcome);
    }
    Ok(patch)
}

/// One file's diff, or why there is none.
async fn diff(
    before: &dyn Sandbox,
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
    let place = std::path::PathBuf::from(format!("{}/{name}", root.trim_end_matches('/')));
    let mut sides = Vec::with_capacity(2);
    for (sandbox, entry) in [(before, then), (after, now)] {
        sides.push(match entry {
            None => None,
            Some(entry) => match sandbox.read(&place, MOST_FILE_BYTES).await {
                Ok(bytes) => match String::from_utf8(bytes) {
                    Ok(text) if !text.contains('\0') => Some(git_diff::Side {
                        text,
                        executable: entry.executable,
                    }),
                    _ => return Ok(Err(Reason::Binary)),
                },
                // Without the right to read it, it cannot be compared.
                Err(swemill_sandbox::Error::File { .. }) => return Ok(Err(Reason::Special)),
                Err(error) => return Err(error.into()),
            },
        });
    }
    Ok(Ok(git_diff::file(
        name,
        sides[0].as_ref(),
        sides[1].as_ref(),
    )))
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
