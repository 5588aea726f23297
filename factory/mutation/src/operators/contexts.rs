//! Context managers and awaits: a resource opened but never entered or closed, a coroutine not awaited.

use std::ops::Range;

use tree_sitter::Node;

use super::rule::Rule;
use super::syntax::{
    child_of_kind, descend, indentation, is_multiline, keep_only, parent_kind, parts,
};
use crate::context::Context;
use crate::operator::{Edit, Sites};

pub(crate) static WITH_TO_ASSIGN: Rule = Rule {
    name: "func_pm_with_to_assign",
    summary: "`with f() as x:` becomes `x = f()`, and its body follows without it",
    kinds: &["with_statement"],
    sites: with_to_assign,
};

pub(crate) static AWAIT_DROP: Rule = Rule {
    name: "func_pm_await_drop",
    summary: "`await x` becomes `x`",
    kinds: &["await"],
    sites: |node, context, sites| {
        // `(await x).y` has its own parentheses.
        if let Some(awaited) = parts(node).first().copied()
            && !matches!(parent_kind(context), "call" | "attribute" | "subscript")
        {
            sites.one(keep_only(node, awaited, context));
        }
    },
};

fn with_to_assign<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let is_async = node.child(0).is_some_and(|first| first.kind() == "async");
    if is_async || context.function().is_none() {
        return;
    }
    if let Some((value, name)) = only_item(node)
        && let Some(edits) = unindented(node, value, name, context)
    {
        sites.several(edits);
    }
}

/// Value and name of `with value as name:`, where it is the only one.
fn only_item(node: Node<'_>) -> Option<(Node<'_>, Node<'_>)> {
    let clause = child_of_kind(node, "with_clause")?;
    let [item] = parts(clause)[..] else {
        return None;
    };
    let pattern = item
        .child_by_field_name("value")
        .filter(|value| value.kind() == "as_pattern")?;
    let [value, target] = parts(pattern)[..] else {
        return None;
    };
    let name = target
        .named_child(0)
        .filter(|name| name.kind() == "identifier")?;
    Some((value, name))
}

/// The assignment in the header's place, and the body one level further out; lines that begin inside a text
/// stay as they are.
fn unindented<'a>(
    node: Node<'a>,
    value: Node<'a>,
    name: Node<'a>,
    context: &Context<'a>,
) -> Option<Vec<Edit<'a>>> {
    let body = node
        .child_by_field_name("body")
        .filter(|body| is_multiline(*body, context))?;
    let (first, last) = (*parts(body).first()?, *parts(body).last()?);
    let outer = indentation(node, context)?;
    let inner = indentation(first, context)?;
    let surplus = inner.strip_prefix(outer)?.len();
    let between = &context.source[name.end_byte()..first.start_byte()];
    let newline = if between.contains("\r\n") {
        "\r\n"
    } else {
        "\n"
    };
    let header = format!(
        "{} = {}{newline}{outer}",
        context.text(name),
        context.text(value)
    );
    let mut edits = vec![Edit::replace(node.start_byte()..first.start_byte(), header)];
    let texts = texts_over_lines(body);
    let inside = &context.source[first.start_byte()..last.end_byte()];
    for (at, _) in inside.match_indices('\n') {
        let line = first.start_byte() + at + 1;
        let is_in_text = texts.iter().any(|text| text.contains(&line));
        if !is_in_text && context.source[line..].starts_with(inner) {
            edits.push(Edit::remove(
                line + outer.len()..line + outer.len() + surplus,
            ));
        }
    }
    Some(edits)
}

fn texts_over_lines(body: Node<'_>) -> Vec<Range<usize>> {
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
