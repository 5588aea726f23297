//! Applying and reversing: every line at the place the patch names, or an error.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::parse::{FilePatch, Hunk, PatchError, parse};

impl FilePatch {
    /// The new text of the file. Strict: no offset, no fuzz.
    pub fn apply(&self, original: &str) -> Result<String, PatchError> {
        let lines: Vec<&str> = original.split_inclusive('\n').collect();
        let mut result = String::with_capacity(original.len() + 64);
        let mut at = 0;
        for hunk in &self.hunks {
            let mismatch = |line: usize| PatchError::Mismatch {
                path: self.path.clone(),
                line: line + 1,
            };
            let between = lines
                .get(at..hunk.old_start)
                .ok_or_else(|| mismatch(hunk.old_start))?;
            result.extend(between.iter().copied());
            at = hunk.old_start;
            for line in &hunk.lines {
                if line.mark != '+' {
                    if lines.get(at) != Some(&line.text.as_str()) {
                        return Err(mismatch(at));
                    }
                    at += 1;
                }
                if line.mark != '-' {
                    result.push_str(&line.text);
                }
            }
        }
        result.extend(lines[at..].iter().copied());
        Ok(result)
    }

    fn reversed(mut self) -> Self {
        for hunk in &mut self.hunks {
            std::mem::swap(&mut hunk.old_start, &mut hunk.new_start);
            for line in &mut hunk.lines {
                line.mark = match line.mark {
                    '-' => '+',
                    '+' => '-',
                    mark => mark,
                };
            }
            deletions_first(hunk);
        }
        self
    }

    fn write(&self, patch: &mut String, header: &str) {
        patch.push_str(header);
        for hunk in &self.hunks {
            let count = |other: char| hunk.lines.iter().filter(|line| line.mark != other).count();
            let span = |start: usize, length: usize| match length {
                0 => format!("{start},0"),
                1 => format!("{}", start + 1),
                _ => format!("{},{length}", start + 1),
            };
            let (old, new) = (
                span(hunk.old_start, count('+')),
                span(hunk.new_start, count('-')),
            );
            let _ = writeln!(patch, "@@ -{old} +{new} @@");
            for line in &hunk.lines {
                patch.push(line.mark);
                patch.push_str(&line.text);
                if !line.text.ends_with('\n') {
                    patch.push_str("\n\\ No newline at end of file\n");
                }
            }
        }
    }
}

/// Between two context lines, what goes stands before what comes.
fn deletions_first(hunk: &mut Hunk) {
    for run in hunk
        .lines
        .chunk_by_mut(|left, right| (left.mark == ' ') == (right.mark == ' '))
    {
        run.sort_by_key(|line| line.mark == '+');
    }
}

/// Applies a patch of one file to that file's text.
pub fn apply(original: &str, patch: &str) -> Result<String, PatchError> {
    match &parse(patch)?[..] {
        [file] => file.apply(original),
        files => Err(PatchError::NotOneFile { count: files.len() }),
    }
}

/// Applies a patch to a tree of files, and gives the files that it changes with their new text.
pub fn apply_tree(
    files: &BTreeMap<String, String>,
    patch: &str,
) -> Result<BTreeMap<String, String>, PatchError> {
    let mut changed = BTreeMap::new();
    for file in parse(patch)? {
        let original = changed
            .get(&file.path)
            .or_else(|| files.get(&file.path))
            .ok_or_else(|| PatchError::NoSuchFile {
                path: file.path.clone(),
            })?;
        let text = file.apply(original)?;
        changed.insert(file.path, text);
    }
    Ok(changed)
}

/// The patch that takes this one back: files in reverse order, each hunk turned around.
pub fn reverse(patch: &str) -> Result<String, PatchError> {
    let mut reversed = String::with_capacity(patch.len());
    for file in parse(patch)?.into_iter().rev() {
        let (old, new) = (
            super::path::quote('a', &file.path),
            super::path::quote('b', &file.path),
        );
        let tab = if file.path.contains(' ') { "\t" } else { "" };
        let header = format!("diff --git {old} {new}\n--- {old}{tab}\n+++ {new}{tab}\n");
        file.reversed().write(&mut reversed, &header);
    }
    Ok(reversed)
}
