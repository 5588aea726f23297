//! Comprehensions: the filter forgotten or turned around, keys taken for values.

use tree_sitter::Node;

use super::rule::Rule;
use super::syntax::{as_operand, binds, parts, swap, unwrapped};
use crate::context::Context;
use crate::operator::{Edit, Sites};

pub(crate) static FILTER_DROP: Rule = Rule {
    name: "func_pm_comp_filter_drop",
    summary: "a comprehension loses a filter",
    kinds: &["if_clause"],
    sites: filter_drop,
};

pub(crate) static FILTER_NEGATE: Rule = Rule {
    name: "func_pm_comp_filter_negate",
    summary: "a comprehension's filter, or a `case`'s guard, is negated",
    kinds: &["if_clause"],
    sites: filter_negate,
};

pub(crate) static KEY_VALUE_SWAP: Rule = Rule {
    name: "func_pm_comp_key_value_swap",
    summary: "`{k: v for …}` becomes `{v: k for …}`",
    kinds: &["dictionary_comprehension"],
    sites: |node, context, sites| {
        if let Some(pair) = node.child_by_field_name("body")
            && let (Some(key), Some(value)) = (
                pair.child_by_field_name("key"),
                pair.child_by_field_name("value"),
            )
            && key.kind() == "identifier"
            && !matches!(
                value.kind(),
                "lambda" | "list" | "dictionary" | "set" | "list_comprehension"
            )
            && context.text(key) != context.text(value)
        {
            sites.several(swap(key, value, context));
        }
    },
};

fn filter_drop<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let Some(before) = node.prev_sibling() else {
        return;
    };
    // What follows must not come to stand in a comment.
    let is_after_comment = before.kind() == "comment";
    let start = if is_after_comment {
        node.start_byte()
    } else {
        before.end_byte()
    };
    if !binds(node, context) && !is_needed(context) {
        sites.one(Edit::remove(start..node.end_byte()));
    }
}

/// Without its guard, a `case` that takes everything hides those below it, which Python refuses.
fn is_needed(context: &Context<'_>) -> bool {
    context.parent().is_some_and(|clause| {
        let selects = |pattern: Option<Node<'_>>| {
            pattern.is_some_and(|pattern| {
                matches!(
                    pattern.kind(),
                    "class_pattern" | "list_pattern" | "dict_pattern" | "string" | "integer"
                )
            })
        };
        clause.kind() == "case_clause"
            && !selects(
                clause
                    .named_child(0)
                    .and_then(|pattern| pattern.named_child(0)),
            )
    })
}

fn filter_negate<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let Some(condition) = parts(node).first().copied() else {
        return;
    };
    if condition.kind() == "not_operator" {
        return; // func_pm_not_drop
    }
    if unwrapped(condition).kind() == "comparison_operator" {
        return; // the comparison's own operators
    }
    let text = format!("not {}", as_operand(condition, context));
    sites.one(Edit::replace(condition.byte_range(), text));
}
