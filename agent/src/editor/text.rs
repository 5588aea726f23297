//! Text as Python has it: the published editor is a Python program, and its output shows it.

use std::fmt::Write;

/// More characters of a file are not shown.
const MOST_SHOWN: usize = 16_000;
const CLIPPED: &str = "<response clipped><NOTE>To save on context only part of this file has been shown to you. You should retry this tool after you have searched inside the file with `grep -n` in order to find the line numbers of what you are looking for.</NOTE>";

/// How a file's bytes are text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    /// A byte a character: what the editor falls back to.
    Latin1,
}

/// Bytes as text with `\n` at the end of all lines.
pub(super) fn decode(bytes: Vec<u8>) -> (String, Encoding) {
    let (text, encoding) = match String::from_utf8(bytes) {
        Ok(text) => (text, Encoding::Utf8),
        Err(error) => {
            let text = error.as_bytes().iter().copied().map(char::from).collect();
            (text, Encoding::Latin1)
        }
    };
    if text.contains('\r') {
        return (text.replace("\r\n", "\n").replace('\r', "\n"), encoding);
    }
    (text, encoding)
}

/// Text as bytes. Characters that Latin-1 does not have turn the whole into UTF-8.
pub(super) fn encode(text: &str, encoding: Encoding) -> Vec<u8> {
    if encoding == Encoding::Latin1 {
        let bytes: Result<Vec<u8>, _> = text.chars().map(u8::try_from).collect();
        if let Ok(bytes) = bytes {
            return bytes;
        }
    }
    text.as_bytes().to_vec()
}

/// Python's `str.expandtabs()`: columns of 8, counted anew in each line.
pub(super) fn expand_tabs(text: &str) -> String {
    if !text.contains('\t') {
        return text.to_owned();
    }
    let mut expanded = String::with_capacity(text.len() * 2);
    let mut column = 0;
    for character in text.chars() {
        match character {
            '\t' => {
                let width = 8 - column % 8;
                expanded.extend(std::iter::repeat_n(' ', width));
                column += width;
            }
            '\n' | '\r' => {
                expanded.push(character);
                column = 0;
            }
            other => {
                expanded.push(other);
                column += 1;
            }
        }
    }
    expanded
}

/// How many lines Python's `str.splitlines()` makes.
pub(super) fn count_lines(text: &str) -> usize {
    const ENDS: [char; 10] = [
        '\n', '\r', '\x0b', '\x0c', '\x1c', '\x1d', '\x1e', '\u{85}', '\u{2028}', '\u{2029}',
    ];
    let ends = text.chars().filter(|end| ENDS.contains(end)).count() - text.matches("\r\n").count();
    ends + usize::from(!text.is_empty() && !text.ends_with(ENDS))
}

/// Lines with their numbers, as `cat -n` shows them, under a headline.
pub(super) fn numbered(content: &str, what: &str, first: usize) -> String {
    let clipped = match content.char_indices().nth(MOST_SHOWN) {
        Some((end, _)) => format!("{}{CLIPPED}", &content[..end]),
        None => content.to_owned(),
    };
    let mut shown = format!("Here's the result of running `cat -n` on {what}:\n");
    for (index, line) in expand_tabs(&clipped).split('\n').enumerate() {
        if index > 0 {
            shown.push('\n');
        }
        let _ = write!(shown, "{:6}\t{line}", index + first);
    }
    shown.push('\n');
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tabs_reach_to_the_next_column_of_eight() {
        assert_eq!(
            expand_tabs("\ta\n1234567\tb\n12345678\tc"),
            "        a\n1234567 b\n12345678        c"
        );
    }

    #[test]
    fn lines_are_counted_as_python_counts_them() {
        for (text, lines) in [
            ("", 0),
            ("a", 1),
            ("a\n", 1),
            ("a\nb", 2),
            ("\n\n", 2),
            ("a\r\nb\x0cc", 3),
        ] {
            assert_eq!(count_lines(text), lines, "{text:?}");
        }
    }

    #[test]
    fn bytes_that_are_no_utf8_come_back_as_they_were() {
        let bytes = b"# caf\xe9\r\nx = 1\n".to_vec();
        let (text, encoding) = decode(bytes);
        assert_eq!(
            (text.as_str(), encoding),
            ("# café\nx = 1\n", Encoding::Latin1)
        );
        assert_eq!(encode(&text, encoding), b"# caf\xe9\nx = 1\n");
    }

    #[test]
    fn long_files_are_cut_at_sixteen_thousand_characters() {
        let shown = numbered(&"é".repeat(16_001), "/f", 1);
        assert!(shown.ends_with(&format!("é{CLIPPED}\n")));
        assert_eq!(shown.matches('é').count(), 16_000);
        assert!(!numbered(&"é".repeat(16_000), "/f", 1).contains("clipped"));
    }
}
