//! From a submission's text to the files that are written for it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::diff::{self, FileDiff};
use super::policy::{MOST_FILE_BYTES, Policy, Refusal};
use crate::breakage::Breakage;
use crate::failure::StageError;
use crate::seal::view::{Entry, View};

/// Bytes of a whole submission.
pub(crate) const MOST_BYTES: usize = 16 << 20;
/// Bytes of all files that a submission leaves: copies of large files cost no text.
const MOST_WRITTEN: usize = 64 << 20;
/// Files of a whole submission.
const MOST_FILES: usize = 2000;

/// A submission that can be applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Files with their bytes and whether they are executable; `None` for those that go.
    pub files: BTreeMap<String, Option<(Vec<u8>, bool)>>,
    /// What was not applied.
    pub refused: Vec<Refused>,
}

/// A file that was not applied, or not wholly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The file as the submission names it.
    pub path: String,
    /// Why.
    pub reason: Refusal,
}

/// Why a submission cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Inapplicable {
    /// It is no diff.
    #[error(transparent)]
    Unreadable(#[from] diff::Unreadable),
    /// It is too large.
    #[error("the patch has {what}, more than a repair should")]
    TooLarge {
        /// How much.
        what: String,
    },
    /// It changes a file that is not as it expects.
    #[error("the patch does not fit {path}: {reason}")]
    Misfit {
        /// The file.
        path: String,
        /// What happened.
        reason: String,
    },
}

/// The broken repository as a submission finds it, changed file by file.
struct Files<'a> {
    view: &'a View,
    broken: BTreeMap<String, Vec<u8>>,
    changed: BTreeMap<String, Option<(Vec<u8>, bool)>>,
}

impl Files<'_> {
    fn read(&self, path: &str) -> Result<Option<(Vec<u8>, bool)>, StageError> {
        if let Some(changed) = self.changed.get(path) {
            return Ok(changed.clone());
        }
        let Some(Entry::File { executable, .. }) = self.view.entry(path) else {
            return Ok(None);
        };
        if let Some(bytes) = self.broken.get(path) {
            return Ok(Some((bytes.clone(), executable)));
        }
        let bytes = self
            .view
            .read(path)
            .map_err(|error| StageError::infra(format!("cannot read {path}: {error}")))?;
        Ok(bytes.map(|bytes| (bytes, executable)))
    }
}

/// Applies a submission in memory. The outer error is this machine's, the inner one the submission's.
pub fn apply(
    patch: &str,
    policy: &Policy,
    view: &View,
    breakage: &Breakage,
) -> Result<Result<Applied, Inapplicable>, StageError> {
    let diffs = match read(patch) {
        Ok(diffs) => diffs,
        Err(error) => return Ok(Err(error)),
    };
    let mut files = Files {
        view,
        broken: breakage.files(),
        changed: BTreeMap::new(),
    };
    let mut refused = Vec::new();
    for diff in &diffs {
        if let Some(refusal) = refusal(diff, policy) {
            let reason = refusal.1;
            refused.push(Refused {
                path: refusal.0,
                reason,
            });
            continue;
        }
        if changes_mode(diff) {
            refused.push(Refused {
                path: diff.path().to_owned(),
                reason: Refusal::Mode,
            });
        }
        if diff.is_copy && sizes(&files.changed).sum::<usize>() > MOST_WRITTEN {
            return Ok(Err(too_large("too many copies of large files".to_owned())));
        }
        match apply_file(diff, &mut files)? {
            Ok(None) => {}
            Ok(Some(reason)) => refused.push(Refused {
                path: diff.path().to_owned(),
                reason,
            }),
            Err(reason) => {
                return Ok(Err(Inapplicable::Misfit {
                    path: diff.path().to_owned(),
                    reason,
                }));
            }
        }
    }
    let written: usize = sizes(&files.changed).sum();
    if written > MOST_WRITTEN {
        return Ok(Err(too_large(format!("{written} bytes of files"))));
    }
    Ok(Ok(Applied {
        files: files.changed,
        refused,
    }))
}

fn too_large(what: String) -> Inapplicable {
    Inapplicable::TooLarge { what }
}

fn sizes(files: &BTreeMap<String, Option<(Vec<u8>, bool)>>) -> impl Iterator<Item = usize> {
    files.values().flatten().map(|(bytes, _)| bytes.len())
}

fn read(patch: &str) -> Result<Vec<FileDiff>, Inapplicable> {
    if patch.len() > MOST_BYTES {
        return Err(too_large(format!("{} bytes", patch.len())));
    }
    let diffs = diff::parse(patch)?;
    if diffs.len() > MOST_FILES {
        return Err(too_large(format!("{} files", diffs.len())));
    }
    Ok(diffs)
}

/// The path and the reason for which a file's diff is not looked at any further.
fn refusal(diff: &FileDiff, policy: &Policy) -> Option<(String, Refusal)> {
    const KIND: u32 = 0o170_000;
    const LINK: u32 = 0o120_000;
    const SUBMODULE: u32 = 0o160_000;
    let paths: BTreeSet<&String> = diff.old.iter().chain(&diff.new).collect();
    for path in paths {
        if let Some(reason) = policy.refusal(path) {
            return Some((path.clone(), reason));
        }
    }
    let path = || diff.path().to_owned();
    for mode in [diff.old_mode, diff.new_mode].into_iter().flatten() {
        match mode & KIND {
            LINK => return Some((path(), Refusal::Link)),
            SUBMODULE => return Some((path(), Refusal::Submodule)),
            _ => {}
        }
    }
    diff.is_binary.then(|| (path(), Refusal::Binary))
}

/// Whether a diff would make a file executable, or take that from it.
fn changes_mode(diff: &FileDiff) -> bool {
    match (diff.old_mode, diff.new_mode) {
        (Some(old), Some(new)) => old != new,
        (None, Some(new)) => diff.old.is_none() && new & 0o111 != 0,
        _ => false,
    }
}

/// Applies one file's diff. `Err` says why it does not fit, `Some` why its result is not taken.
fn apply_file(
    diff: &FileDiff,
    files: &mut Files<'_>,
) -> Result<Result<Option<Refusal>, String>, StageError> {
    let before = match &diff.old {
        None => None,
        Some(old) => match files.read(old)? {
            Some(file) => Some(file),
            None => return Ok(Err("it is not there".into())),
        },
    };
    let Some(new) = &diff.new else {
        let old = diff.old.clone().unwrap_or_default();
        let rest = diff::apply(&before.unwrap_or_default().0, &diff.hunks);
        if let Err(misfit) = rest {
            return Ok(Err(misfit.to_string()));
        }
        files.changed.insert(old, None);
        return Ok(Ok(None));
    };
    let is_new_place = diff.old.as_ref() != Some(new);
    if is_new_place {
        if files.read(new)?.is_some() {
            return Ok(Err("it is there already".into()));
        }
        if matches!(files.view.entry(new), Some(Entry::Folder)) {
            return Ok(Err("a folder of that name is there".into()));
        }
        let above = new.match_indices('/').map(|(at, _)| &new[..at]);
        for folder in above {
            if files.read(folder)?.is_some() {
                return Ok(Err(format!("{folder} is a file, not a folder")));
            }
        }
    }
    let (bytes, executable) = before.unwrap_or_default();
    let bytes = match diff::apply(&bytes, &diff.hunks) {
        Ok(bytes) => bytes,
        Err(misfit) => return Ok(Err(misfit.to_string())),
    };
    if bytes.len() > MOST_FILE_BYTES {
        return Ok(Ok(Some(Refusal::Size)));
    }
    files.changed.insert(new.clone(), Some((bytes, executable)));
    if diff.is_rename()
        && let Some(old) = &diff.old
    {
        files.changed.insert(old.clone(), None);
    }
    Ok(Ok(None))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Applies a patch to a folder of `a.py` (three lines) and `large.txt` (3 MiB).
    fn applied(patch: &str) -> Result<Applied, Inapplicable> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.py"), "1\n2\n3\n").unwrap();
        std::fs::write(folder.path().join("large.txt"), "x".repeat(3 << 20)).unwrap();
        let view = View::over(vec![folder.path().to_owned()]);
        let policy = Policy::of_folder(folder.path());
        apply(patch, &policy, &view, &Breakage::default()).unwrap()
    }

    fn text(applied: &Applied, path: &str) -> Option<String> {
        let (bytes, _) = applied.files[path].as_ref()?;
        Some(String::from_utf8(bytes.clone()).unwrap())
    }

    #[test]
    fn a_file_may_be_renamed_and_changed_and_another_put_in_its_place() {
        let patch = "diff --git a/a.py b/b.py\nsimilarity index 60%\nrename from a.py\nrename to b.py\n--- a/a.py\n\
                     +++ b/b.py\n@@ -1,3 +1,3 @@\n 1\n-2\n+two\n 3\n\
                     diff --git a/a.py b/a.py\nnew file mode 100644\n--- /dev/null\n+++ b/a.py\n@@ -0,0 +1 @@\n+new\n";
        let applied = applied(patch).unwrap();
        assert_eq!(text(&applied, "b.py").unwrap(), "1\ntwo\n3\n");
        assert_eq!(text(&applied, "a.py").unwrap(), "new\n");
    }

    #[test]
    fn a_file_that_is_there_is_not_made_anew_and_one_that_is_not_is_not_changed() {
        let made = "diff --git a/a.py b/a.py\nnew file mode 100644\n--- /dev/null\n+++ b/a.py\n@@ -0,0 +1 @@\n+x\n";
        assert!(
            applied(made)
                .unwrap_err()
                .to_string()
                .contains("there already")
        );
        let below = made.replace("a.py", "a.py/b.py");
        assert!(
            applied(&below)
                .unwrap_err()
                .to_string()
                .contains("is a file")
        );
        let gone = "diff --git a/no.py b/no.py\ndeleted file mode 100644\n";
        assert!(applied(gone).unwrap_err().to_string().contains("not there"));
    }

    #[test]
    fn many_copies_of_a_large_file_are_refused_before_they_fill_the_memory() {
        let copies: Vec<String> = (0..1000)
            .map(|n| {
                format!("diff --git a/large.txt b/{n}.txt\ncopy from large.txt\ncopy to {n}.txt\n")
            })
            .collect();
        let error = applied(&copies.concat()).unwrap_err();
        assert!(matches!(error, Inapplicable::TooLarge { .. }), "{error}");
    }

    #[test]
    fn rights_are_not_taken_over_and_binary_files_are_left_out() {
        let patch = "diff --git a/a.py b/a.py\nold mode 100644\nnew mode 100755\n--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-1\n+one\n\
                     diff --git a/p.png b/p.png\nnew file mode 100644\nBinary files /dev/null and b/p.png differ\n";
        let applied = applied(patch).unwrap();
        assert_eq!(
            applied.files["a.py"],
            Some((b"one\n2\n3\n".to_vec(), false))
        );
        let reasons: Vec<_> = applied
            .refused
            .iter()
            .map(|refused| refused.reason)
            .collect();
        assert_eq!(reasons, [Refusal::Mode, Refusal::Binary]);
    }
}
