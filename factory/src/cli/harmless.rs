//! Words of tested code on somebody's terminal.
//!
//! Reasons and failures quote what tests print, and that may hold anything: sequences that clear the screen, set
//! the title, answer for the keyboard, or turn the direction of writing around.

use std::fmt::Write as _;

use crate::obeyed::is_obeyed;

/// The sequences that this program writes itself.
const OWN: &[&str] = &["\x1b[0m", "\x1b[1m", "\x1b[31m", "\x1b[32m"];

/// The text with everything that a terminal would obey shown as an escape, but for our own colours.
pub(crate) fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some(own) = OWN.iter().find(|own| rest.starts_with(**own)) {
            shown.push_str(own);
            rest = &rest[own.len()..];
            continue;
        }
        if is_obeyed(first) {
            let _ = write!(shown, "{}", first.escape_default());
        } else {
            shown.push(first);
        }
        rest = &rest[first.len_utf8()..];
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_shown_and_our_colours_stay() {
        let title = harmless("a\x1b]0;owned\x07b\rc\u{9b}2Jd\u{202e}e");
        assert_eq!(title, "a\\u{1b}]0;owned\\u{7}b\\rc\\u{9b}2Jd\\u{202e}e");
        let ours = "\x1b[31merror\x1b[0m: günstig\n\tthere";
        assert_eq!(harmless(ours), ours);
    }
}
