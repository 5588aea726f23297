//! A file's repair as replacements of text that is in the file exactly once.

use imara_diff::{Algorithm, Diff, InternedInput};

/// One replacement. Each is meant for the file as the earlier ones leave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Replacement {
    /// The first and the last line that are looked at before, from 1.
    pub(super) lines: (usize, usize),
    pub(super) old: String,
    pub(super) new: String,
}

/// The replacements that make `after` of `before`; `None` where a change cannot be told by text that is there once.
pub(super) fn replacements(before: &str, after: &str) -> Option<Vec<Replacement>> {
    let input = InternedInput::new(before, after);
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_lines(&input);
    let new_lines: Vec<&str> = after.split_inclusive('\n').collect();
    let mut current = before.to_owned();
    let mut found = Vec::new();
    for hunk in diff.hunks() {
        // Earlier replacements have made everything above this hunk as it is after all of them.
        let start = hunk.after.start as usize;
        let end = start + hunk.before.len();
        let new = new_lines[start..hunk.after.end as usize].concat();
        let replacement = unique(&current, start, end, &new)?;
        current = current.replacen(&replacement.old, &replacement.new, 1);
        found.push(replacement);
    }
    (current == after).then_some(found)
}

/// Widens the lines `start..end` until their text is unique. Its last newline stays out on both sides, as people
/// leave it out.
fn unique(current: &str, start: usize, end: usize, new: &str) -> Option<Replacement> {
    let lines: Vec<&str> = current.split_inclusive('\n').collect();
    let (mut first, mut last) = (start, end);
    loop {
        let above = lines[first..start].concat();
        let below = lines[end..last].concat();
        let old = above.clone() + &lines[start..end].concat() + &below;
        let new = above + new + &below;
        let (old, new) = match (old.strip_suffix('\n'), new.strip_suffix('\n')) {
            (Some(old), Some(new)) => (old.to_owned(), new.to_owned()),
            _ => (old, new),
        };
        if !old.trim().is_empty() && current.matches(&old).count() == 1 {
            return Some(Replacement {
                lines: (first + 1, last.max(first + 1)),
                old,
                new,
            });
        }
        if first == 0 && last == lines.len() {
            return None;
        }
        first = first.saturating_sub(1);
        last = (last + 1).min(lines.len());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn applied_in_order_they_make_the_repair(before in "([ab]?\n|  [xy]\n){0,12}[ab]?", after in "([ab]?\n|  [xy]\n){0,12}[ab]?") {
            if let Some(replacements) = replacements(&before, &after) {
                let mut text = before;
                for replacement in replacements {
                    prop_assert_eq!(text.matches(&replacement.old).count(), 1);
                    text = text.replace(&replacement.old, &replacement.new);
                }
                prop_assert_eq!(text, after);
            }
        }
    }

    #[test]
    fn a_change_is_widened_until_its_text_is_there_once() {
        let before = "def a():\n    return 1\n\n\ndef b():\n    return 1\n";
        let after = "def a():\n    return 1\n\n\ndef b():\n    return 2\n";
        let found = replacements(before, after).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].old, "def b():\n    return 1");
        assert_eq!(found[0].new, "def b():\n    return 2");
    }
}
