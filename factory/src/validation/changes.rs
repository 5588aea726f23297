//! The files that a patch changes.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use swemill_harness::warm::Changed;
use swemill_mutation::{Touched, patch, touched};
use swemill_sandbox::FileWrite;

/// A file that a patch changes: its path in the repository and its two contents.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) path: String,
    pub(super) original: String,
    pub(super) broken: String,
    /// Where it makes a difference.
    pub(super) touched: Touched,
    executable: bool,
}

impl Change {
    /// The file to be written into a sandbox, with one of its contents.
    pub(super) fn to_write(&self, testbed: &Path, text: &str) -> FileWrite {
        FileWrite {
            path: testbed.join(&self.path),
            bytes: text.as_bytes().to_vec(),
            executable: self.executable,
        }
    }

    /// Whether functions get other defaults.
    fn changes_defaults(&self) -> bool {
        matches!(self.touched, Touched::Lines { defaults: true, .. })
    }

    /// What a copy of a waiting process is told of it.
    pub(super) fn to_changed(&self, testbed: &Path) -> Changed {
        Changed {
            path: self.path.clone(),
            file: self.to_write(testbed, &self.broken),
            original: self.changes_defaults().then(|| self.original.clone()),
            changed: self.broken.clone(),
        }
    }
}

/// Reads the files that a patch changes and computes what they become.
pub(super) fn changes(tree: &Path, patch: &str) -> Result<Vec<Change>, String> {
    let files = patch::parse(patch).map_err(|error| error.to_string())?;
    let change = |file: &patch::FilePatch| {
        let place = tree.join(&file.path);
        let unreadable =
            |error: std::io::Error| format!("cannot read {} of the repository: {error}", file.path);
        let metadata = std::fs::symlink_metadata(&place).map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(format!("{} is not a plain file", file.path));
        }
        let original = std::fs::read_to_string(&place).map_err(unreadable)?;
        let broken = file.apply(&original).map_err(|error| error.to_string())?;
        Ok(Change {
            path: file.path.clone(),
            executable: metadata.permissions().mode() & 0o100 != 0,
            touched: touched(&original, &broken),
            original,
            broken,
        })
    };
    files.iter().map(change).collect()
}

/// Undoes the changes by the reverse patch; an error says which file does not become what it was.
pub(super) fn restore(patch: &str, changes: &[Change]) -> Result<Vec<(String, String)>, String> {
    let reverse = patch::reverse(patch).map_err(|error| error.to_string())?;
    let broken = changes
        .iter()
        .map(|change| (change.path.clone(), change.broken.clone()));
    let restored = patch::apply_tree(&broken.collect(), &reverse)
        .map_err(|error| format!("the reverse patch does not apply: {error}"))?;
    let text = |change: &Change| {
        let text = restored.get(&change.path);
        let text = text.filter(|text| **text == change.original);
        let text =
            text.ok_or_else(|| format!("the reverse patch does not restore {}", change.path))?;
        Ok((change.path.clone(), text.clone()))
    };
    changes.iter().map(text).collect()
}
