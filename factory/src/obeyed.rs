//! Characters that do something instead of being seen: what tested code prints has them, and people read it.

/// Control characters, and those that change the direction of writing (UAX 9).
pub(crate) fn is_obeyed(character: char) -> bool {
    let turns = matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || (character.is_control() && !matches!(character, '\n' | '\t'))
}
