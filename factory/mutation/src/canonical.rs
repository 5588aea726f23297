//! What a set of edits really changes: two sets that give the same file have the same [`Change`].

use sha2::{Digest as _, Sha256};

use crate::operator::Edit;

/// The stretch that differs between the original file and the mutated one, as short as it can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// First byte that differs.
    pub(crate) start: usize,
    /// End of the differing stretch in the original.
    pub(crate) end: usize,
    /// End of the differing stretch in the mutated file.
    pub(crate) new_end: usize,
    /// Digest of the stretch's place and of its new text.
    pub(crate) digest: [u8; 16],
}

/// Sorts the edits and drops those that change nothing; `None` if nothing is left, or if edits overlap.
pub(crate) fn canonical<'a>(
    source: &str,
    mut edits: Vec<Edit<'a>>,
) -> Option<(Vec<Edit<'a>>, Change)> {
    edits.retain(|edit| {
        source
            .get(edit.range.clone())
            .is_some_and(|old| old != edit.text)
    });
    // Stable: two insertions at one place stay in the order in which they were named.
    edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
    let (first, last) = (edits.first()?, edits.last()?);
    if edits
        .windows(2)
        .any(|pair| pair[0].range.end > pair[1].range.start)
    {
        return None;
    }
    let (start, end) = (first.range.start, last.range.end);
    let mut text = Vec::with_capacity(end - start + 16);
    let mut at = start;
    for edit in &edits {
        text.extend_from_slice(&source.as_bytes()[at..edit.range.start]);
        text.extend_from_slice(edit.text.as_bytes());
        at = edit.range.end;
    }
    let change = shortest(source.as_bytes(), start, end, &text)?;
    Some((edits, change))
}

/// Shrinks `source[start..end] → text` from both sides. What follows the edit may continue a common start
/// (one of two equal lines removed), so the comparison runs on past it.
fn shortest(source: &[u8], start: usize, end: usize, text: &[u8]) -> Option<Change> {
    let tail = &source[end..];
    let old_length = source.len() - start;
    let new_length = text.len() + tail.len();
    let new_at = |at: usize| {
        if at < text.len() {
            text[at]
        } else {
            tail[at - text.len()]
        }
    };
    let shorter = old_length.min(new_length);
    let head = (0..shorter)
        .take_while(|&at| source[start + at] == new_at(at))
        .count();
    if head == shorter && old_length == new_length {
        return None;
    }
    let mut common_end = tail.len().min(shorter - head);
    while common_end < shorter - head
        && source[source.len() - 1 - common_end] == new_at(new_length - 1 - common_end)
    {
        common_end += 1;
    }
    let mut digest = Sha256::new();
    digest.update((start + head).to_le_bytes());
    digest.update(common_end.to_le_bytes());
    let new_end = new_length - common_end;
    digest.update(&text[head.min(text.len())..new_end.min(text.len())]);
    if new_end > text.len() {
        let from = head.saturating_sub(text.len());
        digest.update(&tail[from..new_end - text.len()]);
    }
    let digest: [u8; 32] = digest.finalize().into();
    let mut short = [0; 16];
    short.copy_from_slice(&digest[..16]);
    Some(Change {
        start: start + head,
        end: source.len() - common_end,
        new_end: start + new_end,
        digest: short,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(source: &str, edits: Vec<Edit<'static>>) -> Option<Change> {
        canonical(source, edits).map(|(_, change)| change)
    }

    #[test]
    fn different_edits_with_the_same_result_are_the_same_change() {
        let source = "x = 1\nx = 1\ny = 2\n";
        let first = change(source, vec![Edit::remove(0..6)]);
        let second = change(source, vec![Edit::remove(6..12)]);
        assert_eq!(first, second);
        assert!(first.is_some());
        let whole = change(
            source,
            vec![Edit::replace(0..source.len(), "x = 1\ny = 2\n")],
        );
        assert_eq!(first, whole);
    }

    #[test]
    fn edits_that_change_nothing_or_overlap_are_no_change() {
        let source = "ab = ba\n";
        assert_eq!(change(source, vec![Edit::replace(0..2, "ab")]), None);
        assert_eq!(
            change(
                source,
                vec![Edit::insert(0, "ab = ba\n"), Edit::remove(0..8)]
            ),
            None
        );
        assert_eq!(
            change(
                source,
                vec![Edit::replace(0..3, "x"), Edit::replace(2..4, "y")]
            ),
            None
        );
        assert_eq!(change(source, vec![Edit::remove(0..99)]), None);
    }

    #[test]
    fn the_differing_stretch_is_as_short_as_it_can_be() {
        let change = change("value = a + b\n", vec![Edit::replace(8..13, "a - b")]).unwrap();
        assert_eq!((change.start, change.end, change.new_end), (10, 11, 11));
    }
}
