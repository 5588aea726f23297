//! Ids: `<owner>__<name>.<commit8>.<strategy>__<hash8>`, SWE-smith's shape.

use std::collections::HashSet;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::discover::SourceFile;

/// What a tree of files is called in ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Who publishes it: an account, or `pypi` for a source distribution.
    pub owner: String,
    /// The repository or distribution.
    pub name: String,
    /// The commit, or a digest of the content; ids show its first eight characters.
    pub commit: String,
}

impl Identity {
    /// The identity of a plain folder: `local`, the folder's name, and a digest of the files to mutate.
    pub(crate) fn of_folder(root: &Path, files: &[SourceFile]) -> Self {
        let mut digest = Sha256::new();
        for file in files {
            digest.update(file.path.as_bytes());
            digest.update([0]);
            // A file that cannot be read is reported as skipped later.
            digest.update(
                std::fs::read(&file.on_disk)
                    .map(Sha256::digest)
                    .unwrap_or_default(),
            );
        }
        let canonical = root.canonicalize();
        let name = canonical
            .as_deref()
            .unwrap_or(root)
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        Self {
            owner: "local".to_owned(),
            name: name.unwrap_or_else(|| "folder".to_owned()),
            commit: format!("{:08x}", first_word(&digest.finalize())),
        }
    }

    /// What stands before the strategy: `<owner>__<name>.<commit8>`.
    pub fn prefix(&self) -> String {
        let clean = |text: &str| -> String {
            let allowed = |c: char| c.is_alphanumeric() || "-_.".contains(c);
            text.chars()
                .map(|c| if allowed(c) { c } else { '-' })
                .collect()
        };
        let commit: String = self.commit.chars().take(8).collect();
        format!(
            "{}__{}.{}",
            clean(&self.owner),
            clean(&self.name),
            clean(&commit)
        )
    }
}

/// Gives out ids, each once.
pub(crate) struct Ids {
    prefix: String,
    given: HashSet<[u8; 8]>,
}

impl Ids {
    pub(crate) fn new(identity: &Identity) -> Self {
        Self {
            prefix: identity.prefix(),
            given: HashSet::new(),
        }
    }

    /// The id of a patch. Where another of the same run begins with the same eight characters, the one that
    /// comes later in the order of the run gets four more, and so on.
    pub(crate) fn of(&mut self, strategy: &str, patch: &str) -> String {
        let digest = base36(&Sha256::digest(patch.as_bytes()));
        let length = (8..=digest.len()).step_by(4).find(|length| {
            let id = Sha256::new()
                .chain_update(strategy)
                .chain_update([0])
                .chain_update(&digest[..*length])
                .finalize();
            self.given.insert(
                id[..8]
                    .try_into()
                    .expect("a digest has more than eight bytes"),
            )
        });
        format!(
            "{}.{strategy}__{}",
            self.prefix,
            &digest[..length.unwrap_or(digest.len())]
        )
    }
}

fn first_word(digest: &[u8]) -> u32 {
    digest
        .iter()
        .take(4)
        .fold(0, |word, byte| word << 8 | u32::from(*byte))
}

/// The first 16 bytes of a digest as 24 characters of `0-9a-z`.
fn base36(digest: &[u8]) -> String {
    let mut value = digest
        .iter()
        .take(16)
        .fold(0_u128, |value, byte| value << 8 | u128::from(*byte));
    let mut text = String::with_capacity(24);
    for _ in 0..24 {
        let digit = u32::try_from(value % 36).expect("a remainder of 36 is small");
        text.push(char::from_digit(digit, 36).expect("a remainder of 36 is a digit"));
        value /= 36;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids() -> Ids {
        Ids::new(&Identity {
            owner: "o".into(),
            name: "n a/m".into(),
            commit: "0123456789abcdef".into(),
        })
    }

    #[test]
    fn ids_have_the_shape_of_swe_smith() {
        let id = ids().of("func_pm_op_swap", "patch");
        let hash = id
            .strip_prefix("o__n-a-m.01234567.func_pm_op_swap__")
            .unwrap();
        assert_eq!(hash.len(), 8);
        assert!(
            hash.chars()
                .all(|c| c.is_ascii_digit() || c.is_ascii_lowercase())
        );
        assert_eq!(id, ids().of("func_pm_op_swap", "patch"));
    }

    #[test]
    fn a_second_patch_with_the_same_hash_gets_a_longer_id() {
        let mut ids = ids();
        let (first, second) = (ids.of("s", "patch"), ids.of("s", "patch"));
        assert!(second.starts_with(&first) && second.len() == first.len() + 4);
    }
}
