//! One file's change as git writes it.

use std::fmt::Write;
use std::ops::Range;
use std::sync::Arc;

use imara_diff::{Algorithm, Diff, InternedInput};

/// Lines of unchanged text around each hunk.
const CONTEXT: usize = 3;

/// A file before or after.
#[derive(Clone, Debug)]
pub(super) struct Side {
    pub(super) text: Arc<str>,
    pub(super) executable: bool,
}

impl Side {
    fn mode(&self) -> &'static str {
        if self.executable { "100755" } else { "100644" }
    }
}

/// The change of a file, with three lines around each hunk; empty if there is none.
pub(super) fn file(path: &str, before: Option<&Side>, after: Option<&Side>) -> String {
    let mut text = format!("diff --git a/{path} b/{path}\n");
    let header = match (before, after) {
        (None, None) => return String::new(),
        (None, Some(new)) => format!("new file mode {}\n", new.mode()),
        (Some(old), None) => format!("deleted file mode {}\n", old.mode()),
        (Some(old), Some(new)) if old.mode() != new.mode() => {
            format!("old mode {}\nnew mode {}\n", old.mode(), new.mode())
        }
        (Some(old), Some(new)) if old.text == new.text => return String::new(),
        _ => String::new(),
    };
    text += &header;
    let [old, new] = [before, after].map(|side| side.map_or("", |side| side.text.as_ref()));
    if old == new {
        return text;
    }
    // A tab ends a name where it could be taken for a name and a time.
    let tab = if path.contains(' ') { "\t" } else { "" };
    let name = |side: Option<&Side>, prefix: &str| match side {
        Some(_) => format!("{prefix}/{path}{tab}"),
        None => "/dev/null".to_owned(),
    };
    let (from, to) = (name(before, "a"), name(after, "b"));
    text + &format!("--- {from}\n+++ {to}\n{}", hunks(old, new))
}

/// Lines of both sides that one change replaces.
struct Change {
    old: Range<usize>,
    new: Range<usize>,
}

fn hunks(old: &str, new: &str) -> String {
    let input = InternedInput::new(old, new);
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_lines(&input);
    let range = |range: Range<u32>| range.start as usize..range.end as usize;
    let changes: Vec<Change> = diff
        .hunks()
        .map(|hunk| Change {
            old: range(hunk.before),
            new: range(hunk.after),
        })
        .collect();
    let old: Vec<&str> = old.split_inclusive('\n').collect();
    let new: Vec<&str> = new.split_inclusive('\n').collect();
    let mut text = String::new();
    let near = |one: &Change, next: &Change| next.old.start <= one.old.end + 2 * CONTEXT;
    for group in changes.chunk_by(near) {
        write_hunk(&mut text, &old, &new, group);
    }
    text
}

fn write_hunk(text: &mut String, old: &[&str], new: &[&str], changes: &[Change]) {
    let (Some(first), Some(last)) = (changes.first(), changes.last()) else {
        return;
    };
    let above = first.old.start.min(CONTEXT);
    let below = (old.len() - last.old.end).min(CONTEXT);
    let old_lines = first.old.start - above..last.old.end + below;
    let new_lines = first.new.start - above..last.new.end + below;
    let _ = writeln!(
        text,
        "@@ -{} +{} @@",
        numbers(&old_lines),
        numbers(&new_lines)
    );
    let mut place = old_lines.start;
    for change in changes {
        write_lines(text, ' ', &old[place..change.old.start]);
        write_lines(text, '-', &old[change.old.clone()]);
        write_lines(text, '+', &new[change.new.clone()]);
        place = change.old.end;
    }
    write_lines(text, ' ', &old[place..old_lines.end]);
}

/// A range of lines as a hunk's header has it: counted from 1, but the line before an empty one.
fn numbers(lines: &Range<usize>) -> String {
    match lines.len() {
        0 => format!("{},0", lines.start),
        1 => format!("{}", lines.start + 1),
        count => format!("{},{count}", lines.start + 1),
    }
}

fn write_lines(text: &mut String, sign: char, lines: &[&str]) {
    for line in lines {
        text.push(sign);
        text.push_str(line);
        if !line.ends_with('\n') {
            text.push_str("\n\\ No newline at end of file\n");
        }
    }
}
