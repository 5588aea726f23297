//! Applying hunks to a file's bytes.
//!
//! Each hunk is looked for where it says, then nearer and nearer lines around that, first as it is, then with
//! fewer of its outer context lines, last with line ends as the file has them. `git apply` does the first,
//! `patch --fuzz` the second.

use super::{Hunk, Mark};

/// Context lines that may be left out at each end: as many as git writes.
const MOST_FUZZ: usize = 3;

/// A hunk that fits nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("hunk {hunk}, at line {line}, fits nowhere")]
pub struct Misfit {
    /// Which of the file's hunks, from 1.
    pub hunk: usize,
    /// The line where it says it belongs.
    pub line: usize,
}

/// The file after the hunks, which are in the order of their lines.
pub fn apply(original: &[u8], hunks: &[Hunk]) -> Result<Vec<u8>, Misfit> {
    let mut lines: Vec<&[u8]> = original.split_inclusive(|byte| *byte == b'\n').collect();
    let crlf = lines.iter().filter(|line| line.ends_with(b"\r\n")).count();
    let file_is_crlf = crlf > 0 && crlf * 2 > lines.len();
    // A file's last line without a newline matches only a hunk's line without one; an empty file has no line.
    if lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    let mut result: Vec<u8> = Vec::with_capacity(original.len() + 256);
    let (mut at, mut moved) = (0_usize, 0_isize);
    for (number, hunk) in hunks.iter().enumerate() {
        let misfit = || Misfit {
            hunk: number + 1,
            line: hunk.old_start,
        };
        let found = place(&lines, at, moved, hunk).ok_or_else(misfit)?;
        moved = found.moved;
        result.extend(lines[at..found.start].concat());
        at = found.start;
        let fit = &hunk.lines[found.head..hunk.lines.len() - found.tail];
        for line in fit {
            match line.mark {
                Mark::Context => {
                    result.extend(lines[at]);
                    at += 1;
                }
                Mark::Removed => at += 1,
                Mark::Added => {
                    let lacks = found.loose && file_is_crlf && line.text.ends_with('\n');
                    if lacks && !line.text.ends_with("\r\n") {
                        result.extend(&line.text.as_bytes()[..line.text.len() - 1]);
                        result.extend(b"\r\n");
                    } else {
                        result.extend(line.text.as_bytes());
                    }
                }
            }
        }
    }
    result.extend(lines[at..].concat());
    Ok(result)
}

/// Where a hunk fits.
struct Place {
    /// The file's line, from 0, of the first of the hunk's lines that are compared.
    start: usize,
    /// Context lines left out in front and behind.
    head: usize,
    tail: usize,
    /// Whether line ends were not compared.
    loose: bool,
    /// How far from where it says.
    moved: isize,
}

fn place(lines: &[&[u8]], from: usize, moved: isize, hunk: &Hunk) -> Option<Place> {
    let context = |mut lines: std::slice::Iter<'_, super::Line>, back: bool| {
        let mut count = 0;
        while let Some(line) = if back {
            lines.next_back()
        } else {
            lines.next()
        } {
            if line.mark != Mark::Context {
                break;
            }
            count += 1;
        }
        count
    };
    let (leading, trailing) = (
        context(hunk.lines.iter(), false),
        context(hunk.lines.iter(), true),
    );
    for loose in [false, true] {
        for fuzz in 0..=MOST_FUZZ {
            let (head, tail) = (fuzz.min(leading), fuzz.min(trailing));
            if fuzz > 0 && fuzz > leading.max(trailing) {
                break;
            }
            if head + tail >= hunk.lines.len() {
                break;
            }
            let old: Vec<&[u8]> = hunk.lines[head..hunk.lines.len() - tail]
                .iter()
                .filter(|line| line.mark != Mark::Added)
                .map(|line| line.text.as_bytes())
                .collect();
            // Nothing to recognise a place by: only its own line will do.
            let is_blind = old.is_empty();
            // A number beyond any file says "at the end".
            let number = hunk.old_start.min(lines.len() + hunk.lines.len());
            let said = number.saturating_sub(usize::from(!is_blind)) + head;
            let wanted = said
                .saturating_add_signed(moved)
                .clamp(from, lines.len().max(from));
            let fits = |start: usize| {
                start >= from
                    && lines
                        .get(start..start + old.len())
                        .is_some_and(|found| found.iter().zip(&old).all(|(a, b)| same(a, b, loose)))
            };
            if is_blind {
                if fuzz == 0 && number <= lines.len() {
                    return Some(Place {
                        start: wanted,
                        head,
                        tail,
                        loose,
                        moved,
                    });
                }
                continue;
            }
            let near = (0..=lines.len())
                .flat_map(|distance| [wanted.checked_add(distance), wanted.checked_sub(distance)]);
            if let Some(start) = near.flatten().find(|start| fits(*start)) {
                return Some(Place {
                    start,
                    head,
                    tail,
                    loose,
                    moved: start.cast_signed() - said.cast_signed(),
                });
            }
        }
    }
    None
}

fn same(file: &[u8], hunk: &[u8], loose: bool) -> bool {
    if !loose {
        return file == hunk;
    }
    let bare = |line: &'_ [u8]| -> usize {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        line.strip_suffix(b"\r").unwrap_or(line).len()
    };
    file[..bare(file)] == hunk[..bare(hunk)]
}
