//! Text that code compares, splits or joins by: a typing slip, the wrong case, the space forgotten; and
//! patterns with the wrong quantifier or without their anchor.

use tree_sitter::Node;

use super::rule::Rule;
use super::syntax::{is_dunder_value, is_in_table, parent_kind};
use crate::context::Context;
use crate::operator::{Edit, Sites};

pub(crate) static TEXT: Rule = Rule {
    name: "func_pm_literal_string",
    summary: "a short text has a typing slip, the wrong case, no outer space, or another separator",
    kinds: &["string"],
    sites: text_slip,
};

pub(crate) static PATTERN: Rule = Rule {
    name: "func_pm_regex_slip",
    summary: "a raw string's regular expression has `+` for `*`, or lost its `^` or `$`",
    kinds: &["string"],
    sites: pattern_slip,
};

/// Short texts that are taken for one another; the first pair that has one decides.
const SEPARATORS: [(&str, &str); 7] = [
    (",", ";"),
    (".", ","),
    (":", ";"),
    ("-", "_"),
    ("(", "["),
    (")", "]"),
    ("<", ">"),
];

/// Prefix, body node's start and body of a string that is one piece without escapes or fields.
fn plain<'a>(node: Node<'a>, context: &Context<'a>) -> Option<(&'a str, usize, &'a str)> {
    if node.named_child_count() != 3 {
        return None;
    }
    let (start, body) = (node.named_child(0)?, node.named_child(1)?);
    if body.kind() != "string_content" || body.named_child_count() > 0 {
        return None;
    }
    let opening = context.text(start);
    let prefix = opening.trim_end_matches(['"', '\'']);
    Some((prefix, body.start_byte(), context.text(body)))
}

fn text_slip<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    if node.named_child_count() == 2 && node.end_byte() - node.start_byte() == 2 {
        // `"".join(parts)` to `" ".join(parts)`
        if parent_kind(context) == "attribute" {
            sites.one(Edit::insert(node.start_byte() + 1, " "));
        }
        return;
    }
    let Some((prefix, start, body)) = plain(node, context) else {
        return;
    };
    if body.contains('\\') || prefix.contains(['r', 'R']) || body.len() > 24 {
        return;
    }
    let Some(other) = slip(body) else { return };
    let parent = parent_kind(context);
    let is_unseen =
        matches!(parent, "interpolation" | "concatenated_string") || parent.ends_with("_pattern");
    if !is_unseen && !is_in_table(context) && !is_dunder_value(context) {
        sites.one(Edit::replace(start..start + body.len(), other));
    }
}

fn slip(body: &str) -> Option<String> {
    let separator = SEPARATORS.iter().find_map(|(from, to)| {
        let is_either = body == *from || body == *to;
        is_either.then_some(if body == *from { *to } else { *from })
    });
    if let Some(other) = separator {
        return Some(other.to_owned());
    }
    let trimmed = body.trim_matches(' ');
    if trimmed.len() != body.len() {
        return (!trimmed.is_empty()).then(|| trimmed.to_owned());
    }
    let is_word = body.len() >= 3
        && body
            .bytes()
            .all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'-' | b'.'));
    if !is_word || body.starts_with("__") {
        return None;
    }
    if body.bytes().any(|b| b.is_ascii_uppercase()) {
        return Some(body.to_ascii_lowercase());
    }
    if body.len() > 3 && body.ends_with('s') && !body.ends_with("ss") {
        return Some(body[..body.len() - 1].to_owned());
    }
    // the last two letters that differ, exchanged
    let mut bytes = body.as_bytes().to_vec();
    let at = bytes
        .windows(2)
        .rposition(|pair| pair[0] != pair[1] && pair.iter().all(u8::is_ascii_alphabetic))?;
    bytes.swap(at, at + 1);
    String::from_utf8(bytes).ok()
}

fn pattern_slip<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let Some((prefix, start, body)) = plain(node, context) else {
        return;
    };
    if !prefix.contains(['r', 'R']) || prefix.contains(['f', 'F']) {
        return;
    }
    let bytes = body.as_bytes();
    for (at, byte) in bytes.iter().enumerate().skip(2) {
        let other = match byte {
            b'*' => "+",
            b'+' => "*",
            _ => continue,
        };
        // behind a class, a group or an escape like `\s`, where it cannot be a plain character
        let is_quantifier = match bytes[at - 1] {
            b']' | b')' => bytes[at - 2] != b'\\',
            b'w' | b's' | b'd' | b'W' | b'S' | b'D' => {
                bytes[at - 2] == b'\\' && (at < 3 || bytes[at - 3] != b'\\')
            }
            _ => false,
        };
        if is_quantifier {
            sites.one(Edit::replace(start + at..start + at + 1, other));
        }
    }
    if body.len() > 2 && body.starts_with('^') {
        sites.one(Edit::remove(start..start + 1));
    }
    if body.len() > 2 && body.ends_with('$') && !body.ends_with("\\$") {
        sites.one(Edit::remove(start + body.len() - 1..start + body.len()));
    }
}
