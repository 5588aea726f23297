//! `str_replace` and `insert`: what a file's text becomes, and what the agent is told.

use super::text::{self, count_lines, expand_tabs};
use super::{Refused, refuse};

/// Lines shown around an edit.
const AROUND: usize = 4;

/// Replaces the one place where `old` is.
pub(super) fn replace(
    path: &str,
    before: &str,
    old: &str,
    new: &str,
) -> Result<(String, String), Refused> {
    let (before, old, new) = (expand_tabs(before), expand_tabs(old), expand_tabs(new));
    // Python counts an empty string once more than there are characters.
    let count = match old.as_str() {
        "" => before.chars().count() + 1,
        old => before.matches(old).count(),
    };
    if count == 0 {
        let message = format!(
            "No replacement was performed, old_str `{old}` did not appear verbatim in {path}."
        );
        return refuse(message, 15);
    }
    if count > 1 {
        let lines: Vec<usize> = before
            .split('\n')
            .enumerate()
            .filter(|(_, line)| line.contains(&old))
            .map(|(index, _)| index + 1)
            .collect();
        let message = format!(
            "No replacement was performed. Multiple occurrences of old_str `{old}` in lines {lines:?}. Please ensure it is unique"
        );
        return refuse(message, 16);
    }
    if new == old {
        let message = format!(
            "No replacement was performed, old_str `{old}` is the same as new_str `{new}`."
        );
        return refuse(message, 161);
    }
    let line = before
        .split_once(old.as_str())
        .map_or(0, |(head, _)| head.matches('\n').count());
    let after = before.replacen(&old, &new, 1);
    let first = line.saturating_sub(AROUND).max(1);
    let last = (line + AROUND + new.matches('\n').count()).min(count_lines(&after));
    let lines: Vec<&str> = after.split('\n').collect();
    let snippet = lines.get(first - 1..last.max(first)).unwrap_or_default();
    let shown = text::numbered(&snippet.join("\n"), &format!("a snippet of {path}"), first);
    let message = format!(
        "The file {path} has been edited. {shown}Review the changes and make sure they are as expected. Edit the file again if necessary."
    );
    Ok((after, message))
}

/// Puts `new` after a line, counted from 1.
pub(super) fn insert(
    path: &str,
    before: &str,
    line: i64,
    new: &str,
) -> Result<(String, String), Refused> {
    let (before, new) = (expand_tabs(before), expand_tabs(new));
    let lines: Vec<&str> = before.split('\n').collect();
    let place = usize::try_from(line)
        .ok()
        .filter(|line| *line <= lines.len());
    let Some(place) = place else {
        let message = format!(
            "Invalid `insert_line` parameter: {line}. It should be within the range of lines of the file: [0, {}]",
            lines.len()
        );
        return refuse(message, 17);
    };
    let (head, tail) = lines.split_at(place);
    let inserted: Vec<&str> = new.split('\n').collect();
    let after = [head, &inserted, tail].concat().join("\n");
    let above = &head[place.saturating_sub(AROUND)..];
    let below = &tail[..AROUND.min(tail.len())];
    let snippet = [above, &inserted, below].concat().join("\n");
    let first = (place + 1).saturating_sub(AROUND).max(1);
    let shown = text::numbered(&snippet, "a snippet of the edited file", first);
    let message = format!(
        "The file {path} has been edited. {shown}Review the changes and make sure they are as expected (correct indentation, no duplicate lines, etc). Edit the file again if necessary."
    );
    Ok((after, message))
}
