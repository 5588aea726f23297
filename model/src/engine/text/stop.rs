//! Ending an answer at a text, wherever its tokens are cut.

/// Watches a growing text for the first of some strings. What could be the beginning of one is held back until it is known not to be.
#[derive(Debug, Clone)]
pub struct StopStrings {
    strings: Vec<String>,
    held: String,
}

/// What became of a piece of text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stopped {
    /// Text that may be given out.
    pub text: String,
    /// The string that was met, if one was; what follows it is dropped.
    pub by: Option<String>,
}

impl StopStrings {
    /// Watches for these strings; empty ones are ignored.
    pub fn new(strings: impl IntoIterator<Item = String>) -> Self {
        let strings = strings.into_iter().filter(|string| !string.is_empty());
        Self {
            strings: strings.collect(),
            held: String::new(),
        }
    }

    /// Adds a piece of text.
    pub fn push(&mut self, piece: &str) -> Stopped {
        if self.strings.is_empty() {
            return Stopped {
                text: piece.to_owned(),
                by: None,
            };
        }
        self.held.push_str(piece);
        let found = self.strings.iter().filter_map(|string| {
            let at = self.held.find(string.as_str())?;
            Some((at, string))
        });
        // The one that begins first; of those, the one that ends first, for it was complete before.
        if let Some((at, string)) = found.min_by_key(|(at, string)| (*at, string.len())) {
            let by = Some(string.clone());
            let text = self.held[..at].to_owned();
            self.held.clear();
            return Stopped { text, by };
        }
        let keep = self
            .strings
            .iter()
            .map(|string| overlap(&self.held, string))
            .max()
            .unwrap_or_default();
        let rest = self.held.split_off(self.held.len() - keep);
        Stopped {
            text: std::mem::replace(&mut self.held, rest),
            by: None,
        }
    }

    /// The end of the text: what was held back.
    pub fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }
}

/// The length of the longest end of `text` that `string` begins with.
fn overlap(text: &str, string: &str) -> usize {
    let longest = text.len().min(string.len() - 1);
    (1..=longest)
        .rev()
        .find(|&length| {
            text.is_char_boundary(text.len() - length)
                && string
                    .as_bytes()
                    .starts_with(&text.as_bytes()[text.len() - length..])
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn watch(strings: &[&str]) -> StopStrings {
        StopStrings::new(strings.iter().map(|&string| string.to_owned()))
    }

    #[test]
    fn a_string_across_pieces_stops_and_none_of_it_is_given_out() {
        let mut stop = watch(&["</answer>"]);
        assert_eq!(stop.push("42</ans").text, "42");
        let last = stop.push("wer> and more");
        assert_eq!(
            (last.text.as_str(), last.by.as_deref()),
            ("", Some("</answer>"))
        );
    }

    #[test]
    fn what_only_looked_like_a_beginning_is_given_out() {
        let mut stop = watch(&["</answer>"]);
        assert_eq!(stop.push("a </").text, "a ");
        assert_eq!(stop.push("b>").text, "</b>");
        assert_eq!(stop.push("<").text, "");
        assert_eq!(stop.finish(), "<");
    }

    #[test]
    fn the_string_that_begins_first_wins() {
        let stopped = watch(&["later", "b"]).push("a b later");
        assert_eq!(
            (stopped.text.as_str(), stopped.by.as_deref()),
            ("a ", Some("b"))
        );
    }

    proptest! {
        #[test]
        fn the_text_ends_where_the_string_begins_however_it_is_cut(
            text in "[abé]{0,24}", strings in prop::collection::vec("[abé]{1,4}", 1..3), cuts: Vec<u8>
        ) {
            let mut stop = StopStrings::new(strings.clone());
            let letters: Vec<char> = text.chars().collect();
            let mut given = String::new();
            let mut rest = letters.as_slice();
            let mut by = None;
            for cut in cuts.iter().map(|cut| usize::from(cut % 3)).chain([usize::MAX]) {
                let (piece, after) = rest.split_at(cut.min(rest.len()));
                let stopped = stop.push(&piece.iter().collect::<String>());
                given.push_str(&stopped.text);
                by = stopped.by;
                rest = after;
                if by.is_some() { break; }
            }
            if by.is_none() { given.push_str(&stop.finish()); }
            // A prefix of the text that holds no stop string, and ends right before one if any occurs.
            prop_assert!(text.starts_with(&given));
            prop_assert!(strings.iter().all(|string| !given.contains(string.as_str())));
            prop_assert_eq!(by.is_some(), strings.iter().any(|string| text.contains(string.as_str())));
            if let Some(by) = by {
                prop_assert!(text[given.len()..].starts_with(&by));
            } else {
                prop_assert_eq!(given, text);
            }
        }
    }
}
