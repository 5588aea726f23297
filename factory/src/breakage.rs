//! An instance's break as files: what they were, what they are, and the stretches that tell them apart.

use std::collections::BTreeMap;

use swemill_mutation::patch;

use crate::failure::StageError;
use crate::machine::Loaded;
use crate::seal::view::Entry;

/// The fewest bytes of text by which a copy of the original is recognised.
const TELLING_BYTES: usize = 60;

/// A break of an environment's repository.
#[derive(Clone, Debug, Default)]
pub struct Breakage {
    files: BTreeMap<String, Broken>,
}

/// A broken file.
#[derive(Clone, Debug)]
pub struct Broken {
    /// Its text in the repository.
    pub original: String,
    /// Its text under the break.
    pub broken: String,
    /// Whether it is executable.
    pub executable: bool,
}

impl Breakage {
    /// Applies an instance's patch to the files of its environment.
    pub fn of(loaded: &Loaded, diff: &str) -> Result<Self, StageError> {
        let view = loaded.view()?;
        let mut files = BTreeMap::new();
        let parsed = patch::parse(diff).map_err(|error| StageError::grader(error.to_string()))?;
        for file in parsed {
            let unusable = |reason: String| {
                StageError::grader(format!("the break of {}: {reason}", file.path))
            };
            let Some(Entry::File { executable, .. }) = view.entry(&file.path) else {
                return Err(unusable("it is not a plain file".into()));
            };
            let bytes = view
                .read(&file.path)
                .map_err(|error| StageError::infra(error.to_string()))?;
            let original = String::from_utf8(bytes.unwrap_or_default())
                .map_err(|_| unusable("it is not UTF-8".into()))?;
            let broken = file
                .apply(&original)
                .map_err(|error| unusable(error.to_string()))?;
            let entry = Broken {
                original,
                broken,
                executable,
            };
            files.insert(file.path, entry);
        }
        Ok(Self { files })
    }

    /// The broken files with their new bytes.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let bytes =
            |(path, file): (&String, &Broken)| (path.clone(), file.broken.clone().into_bytes());
        self.files.iter().map(bytes).collect()
    }

    /// The broken files with their new bytes and whether they are executable, as graders write them.
    pub fn files_with_rights(&self) -> BTreeMap<String, Option<(Vec<u8>, bool)>> {
        let entry = |(path, file): (&String, &Broken)| {
            let bytes = file.broken.clone().into_bytes();
            (path.clone(), Some((bytes, file.executable)))
        };
        self.files.iter().map(entry).collect()
    }

    /// A broken file.
    pub fn get(&self, path: &str) -> Option<&Broken> {
        self.files.get(path)
    }

    /// The paths by which the broken files could be imported: each with its first folders left out, one after the
    /// other, but never the bare name of a file in a package.
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for path in self.files.keys() {
            let mut rest = path.as_str();
            loop {
                names.push(rest.to_owned());
                match rest.split_once('/') {
                    Some((_, inner)) if inner.contains('/') => rest = inner,
                    _ => break,
                }
            }
        }
        names
    }

    /// The text with every stretch of the original turned into what the break made of it; `None` when it holds
    /// none.
    pub fn spread(&self, text: &str) -> Option<String> {
        let mut result: Option<String> = None;
        for file in self.files.values() {
            for (original, broken) in stretches(file) {
                let current = result.as_deref().unwrap_or(text);
                if current.contains(&original) {
                    result = Some(current.replace(&original, &broken));
                }
            }
        }
        result
    }
}

/// The lines that differ between a file's two texts, each with enough of its surroundings to be told from other
/// code, and what stands there under the break.
fn stretches(file: &Broken) -> Vec<(String, String)> {
    let old: Vec<&str> = file.original.split_inclusive('\n').collect();
    let new: Vec<&str> = file.broken.split_inclusive('\n').collect();
    let head = old
        .iter()
        .zip(&new)
        .take_while(|(old, new)| old == new)
        .count();
    let tail = old[head..]
        .iter()
        .rev()
        .zip(new[head..].iter().rev())
        .take_while(|(old, new)| old == new)
        .count();
    let (old_end, new_end) = (old.len() - tail, new.len() - tail);
    for context in 3..=old.len() {
        let before = head.min(context);
        let after = tail.min(context);
        let original = old[head - before..old_end + after].concat();
        let broken = new[head - before..new_end + after].concat();
        let whole = before == head && after == tail;
        if original.len() >= TELLING_BYTES && !file.broken.contains(&original) || whole {
            return vec![(original, broken)];
        }
    }
    vec![(file.original.clone(), file.broken.clone())]
}
