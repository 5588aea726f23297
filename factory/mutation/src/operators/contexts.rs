//! Context managers and awaits: the lock not taken, the coroutine not awaited.

use tree_sitter::Node;

use super::rule::Rule;
use super::syntax::{
    child_of_kind, descend, indentation, is_multiline, keep_only, parent_kind, parts,
};
use crate::context::Context;
use crate::operator::{Edit, Sites};

pub(crate) static WITH_UNWRAP: Rule = Rule {
    name: "func_pm_with_unwrap",
    summary: "a `with` without `as` is dropped, its body stays",
    kinds: &["with_statement"],
    sites: with_unwrap,
};

pub(crate) static AWAIT_DROP: Rule = Rule {
    name: "func_pm_await_drop",
    summary: "`await x` becomes `x`",
    kinds: &["await"],
    sites: |node, context, sites| {
        if let Some(awaited) = parts(node).first().copied()
            && !matches!(parent_kind(context), "call" | "attribute" | "subscript")
        {
            sites.one(keep_only(node, awaited, context));
        }
    },
};

fn with_unwrap<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let (Some(clause), Some(body)) = (
        child_of_kind(node, "with_clause"),
        node.child_by_field_name("body"),
    ) else {
        return;
    };
    let Some(outer) = indentation(node, context) else {
        return;
    };
    // With `as`, only a `NameError` would come of it. `with suppress(…)`, `with lock`, `with patch(…)` stay.
    if !is_multiline(body, context) || has_alias(clause) {
        return;
    }
    let statements = parts(body);
    let (Some(first), Some(last)) = (statements.first(), statements.last()) else {
        return;
    };
    let Some(inner) = indentation(*first, context) else {
        return;
    };
    let Some(surplus) = inner
        .strip_prefix(outer)
        .map(str::len)
        .filter(|surplus| *surplus > 0)
    else {
        return;
    };

    // The header goes, up to the first statement; lines that begin inside a text stay as they are.
    let mut edits = vec![Edit::remove(node.start_byte()..first.start_byte())];
    let texts = texts_over_lines(body);
    let mut line = first.start_byte();
    while let Some(newline) = context.source[line..last.end_byte()].find('\n') {
        line += newline + 1;
        let is_in_text = texts.iter().any(|text| text.contains(&line));
        if !is_in_text && context.source[line..].starts_with(inner) {
            edits.push(Edit::remove(
                line + outer.len()..line + outer.len() + surplus,
            ));
        }
    }
    sites.several(edits);
}

fn has_alias(clause: Node<'_>) -> bool {
    parts(clause)
        .iter()
        .filter_map(|item| item.child_by_field_name("value"))
        .any(|value| {
            value.kind() == "as_pattern"
                || (value.kind() == "tuple"
                    && parts(value).iter().any(|part| part.kind() == "as_pattern"))
        })
}

fn texts_over_lines(body: Node<'_>) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    descend(body, |node, _, _| {
        let is_text = node.kind() == "string";
        if is_text && node.start_position().row != node.end_position().row {
            found.push(node.start_byte() + 1..node.end_byte());
        }
        !is_text
    });
    found
}
