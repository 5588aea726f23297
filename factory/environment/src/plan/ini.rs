//! INI files as Python's tools write them.

use std::collections::BTreeMap;

use configparser::ini::{Ini, IniDefault};

/// Sections with their keys, in lower case, and values, continuation lines joined by newlines.
pub(crate) type Sections = BTreeMap<String, BTreeMap<String, String>>;

/// Reads INI text; the error is for people.
pub(crate) fn parse(text: &str) -> Result<Sections, String> {
    let mut defaults = IniDefault::default();
    // A `;` within a line is a PEP 508 marker here, not a comment.
    defaults.enable_inline_comments = false;
    defaults.inline_comment_symbols = None;
    defaults.multiline = true;
    let mut ini = Ini::new_from_defaults(defaults);
    let sections = ini.read(text.to_owned())?;
    Ok(sections
        .into_iter()
        .map(|(name, keys)| {
            let keys = keys
                .into_iter()
                .map(|(key, value)| (key, value.unwrap_or_default()));
            (name, keys.collect())
        })
        .collect())
}

/// A value's lines without blanks and comments.
pub(crate) fn lines(value: Option<&String>) -> Vec<String> {
    let lines = value.into_iter().flat_map(|value| value.lines());
    lines
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}
