//! Building a diff from edit ranges: only the lines that edits touch are looked at, never the whole file.

use std::fmt::Write as _;
use std::ops::Range;

use imara_diff::{Algorithm, Diff, InternedInput};

use super::path::quote;
use crate::operator::Edit;

/// Lines of unchanged text around each change.
const CONTEXT: usize = 3;

/// Where the lines of a file begin. Lines end with `\n`; a `\r` before it belongs to the line.
#[derive(Debug)]
pub(crate) struct Lines {
    starts: Vec<usize>,
    length: usize,
}

impl Lines {
    pub(crate) fn of(source: &str) -> Self {
        let newlines = source
            .bytes()
            .enumerate()
            .filter(|(_, byte)| *byte == b'\n');
        let mut starts: Vec<usize> = std::iter::once(0)
            .chain(newlines.map(|(at, _)| at + 1))
            .collect();
        starts.pop_if(|last| *last == source.len());
        Self {
            starts,
            length: source.len(),
        }
    }

    /// The number of lines; an empty file has none, and the end of a file with a last newline begins none.
    pub(crate) fn count(&self) -> usize {
        self.starts.len()
    }

    /// The line that holds a byte, from 0; the end of the file is on a line of its own if a newline is last.
    pub(crate) fn line_of(&self, source: &str, offset: usize) -> usize {
        if offset == self.length && source.ends_with('\n') {
            return self.count();
        }
        self.starts
            .partition_point(|start| *start <= offset)
            .saturating_sub(1)
    }

    /// Where a line begins; the end of the file for the one after the last.
    pub(crate) fn start(&self, line: usize) -> usize {
        self.starts.get(line).copied().unwrap_or(self.length)
    }

    fn text<'s>(&self, source: &'s str, lines: Range<usize>) -> &'s str {
        &source[self.start(lines.start)..self.start(lines.end)]
    }
}

/// Old lines replaced by new ones.
struct Replacement {
    old: Range<usize>,
    new: Vec<String>,
}

/// The diff that makes these edits, which are in order and do not overlap.
pub(crate) fn render(path: &str, source: &str, lines: &Lines, edits: &[Edit<'_>]) -> String {
    let mut replacements = Vec::new();
    for (region, text) in regions(source, lines, edits) {
        let original = lines.text(source, region.clone());
        differing_lines(region.start, original, &text, &mut replacements);
    }
    let (old, new) = (quote('a', path), quote('b', path));
    // A tab ends the name where it could be taken for a name and a time.
    let tab = if path.contains(' ') { "\t" } else { "" };
    let mut diff = format!("diff --git {old} {new}\n--- {old}{tab}\n+++ {new}{tab}\n");
    let mut grown = 0;
    for hunk in replacements.chunk_by(|left, right| right.old.start <= left.old.end + 2 * CONTEXT) {
        grown = write_hunk(&mut diff, source, lines, hunk, grown);
    }
    diff
}

/// The stretches of whole lines that edits touch, each with its new text.
fn regions<'e>(source: &str, lines: &Lines, edits: &[Edit<'e>]) -> Vec<(Range<usize>, String)> {
    let touched = |edit: &Edit<'e>| {
        let last = lines.line_of(source, edit.range.end);
        lines.line_of(source, edit.range.start)..(last + 1).min(lines.count().max(1))
    };
    let mut found: Vec<(Range<usize>, String)> = Vec::new();
    let mut copied = 0;
    for edit in edits {
        let mut stretch = touched(edit);
        stretch.start = stretch.start.min(lines.count());
        stretch.end = stretch.end.clamp(stretch.start, lines.count());
        match found.last_mut() {
            Some((region, text)) if stretch.start <= region.end => {
                // The region's text runs to its end; take back what lies past the last edit.
                let tail = lines.start(region.end) - copied;
                text.truncate(text.len() - tail);
                region.end = region.end.max(stretch.end);
                text.push_str(&source[copied..edit.range.start]);
            }
            _ => {
                let start = lines.start(stretch.start);
                found.push((stretch, source[start..edit.range.start].to_owned()));
            }
        }
        let (region, text) = found.last_mut().expect("one was just there or just pushed");
        text.push_str(&edit.text);
        copied = edit.range.end;
        text.push_str(&source[copied..lines.start(region.end)]);
    }
    found
}

/// Adds the lines that differ between a region's old text, which begins at line `first`, and its new text.
fn differing_lines(first: usize, old: &str, new: &str, found: &mut Vec<Replacement>) {
    let old: Vec<&str> = old.split_inclusive('\n').collect();
    let new: Vec<&str> = new.split_inclusive('\n').collect();
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
    let (old, new) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    let first = first + head;
    if old.is_empty() && new.is_empty() {
        // Edits that cancel each other: git takes a hunk without a change for a broken patch.
        return;
    }
    if old.len() < 2 || new.len() < 2 {
        found.push(replacement(first, 0..old.len(), new));
        return;
    }
    let mut input = InternedInput::default();
    input.update_before(old.iter().copied());
    input.update_after(new.iter().copied());
    for hunk in Diff::compute(Algorithm::Histogram, &input).hunks() {
        let range = |range: Range<u32>| range.start as usize..range.end as usize;
        found.push(replacement(
            first,
            range(hunk.before),
            &new[range(hunk.after)],
        ));
    }
}

fn replacement(first: usize, old: Range<usize>, new: &[&str]) -> Replacement {
    Replacement {
        old: first + old.start..first + old.end,
        new: new.iter().map(|line| (*line).to_owned()).collect(),
    }
}

/// Writes one hunk and says by how many lines the new file is ahead of the old one after it.
fn write_hunk(
    patch: &mut String,
    source: &str,
    lines: &Lines,
    changes: &[Replacement],
    grown: isize,
) -> isize {
    let (first, last) = (&changes[0], &changes[changes.len() - 1]);
    let old = first.old.start.saturating_sub(CONTEXT)..(last.old.end + CONTEXT).min(lines.count());
    let added: usize = changes.iter().map(|change| change.new.len()).sum();
    let removed: usize = changes.iter().map(|change| change.old.len()).sum();
    let new_length = old.len() + added - removed;
    let new_start = old.start.saturating_add_signed(grown);
    let _ = writeln!(
        patch,
        "@@ -{} +{} @@",
        span(old.start, old.len()),
        span(new_start, new_length)
    );
    let mut at = old.start;
    for change in changes {
        write_lines(patch, ' ', lines.text(source, at..change.old.start));
        write_lines(patch, '-', lines.text(source, change.old.clone()));
        for line in &change.new {
            write_lines(patch, '+', line);
        }
        at = change.old.end;
    }
    write_lines(patch, ' ', lines.text(source, at..old.end));
    grown + isize::try_from(added).unwrap_or(0) - isize::try_from(removed).unwrap_or(0)
}

/// `start,length` as a hunk's header counts: from 1, or the line before where the length is 0.
fn span(start: usize, length: usize) -> String {
    match length {
        0 => format!("{start},0"),
        1 => format!("{}", start + 1),
        _ => format!("{},{length}", start + 1),
    }
}

fn write_lines(patch: &mut String, mark: char, text: &str) {
    for line in text.split_inclusive('\n') {
        patch.push(mark);
        patch.push_str(line);
        if !line.ends_with('\n') {
            patch.push_str("\n\\ No newline at end of file\n");
        }
    }
}
