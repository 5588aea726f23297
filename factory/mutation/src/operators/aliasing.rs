//! Shared state: the copy forgotten, so that a caller's object changes under its hands.

use tree_sitter::Node;

use super::rule::Rule;
use super::syntax::{arguments, callee, is_loose, is_positional, keep_only, parent_kind};
use crate::context::Context;
use crate::operator::{Edit, Sites};

pub(crate) static COPY_DROP: Rule = Rule {
    name: "func_pm_copy_drop",
    summary: "`x.copy()`, `list(x)`, `dict(x)`, `deepcopy(x)` and `x[:]` become `x`",
    kinds: &["call", "subscript"],
    sites: copy_drop,
};

pub(crate) static COPY_SHALLOW: Rule = Rule {
    name: "func_pm_copy_shallow",
    summary: "`copy.deepcopy(x)` becomes `copy.copy(x)`",
    kinds: &["call"],
    sites: |node, context, sites| {
        if let Some((name, "deepcopy", Some(module))) = callee(node, context)
            && context.text(module) == "copy"
        {
            sites.one(Edit::replace(name.byte_range(), "copy"));
        }
    },
};

fn copy_drop<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    if let Some(kept) = copied(node, context)
        && !is_loose(kept)
        && is_kept_value(node, context)
    {
        sites.one(keep_only(node, kept, context));
    }
}

/// What the expression copies, if it does.
fn copied<'a>(node: Node<'a>, context: &Context<'a>) -> Option<Node<'a>> {
    if node.kind() == "subscript" {
        let index = node.child_by_field_name("subscript")?;
        return (index.kind() == "slice" && context.text(index) == ":")
            .then(|| node.child_by_field_name("value"))?;
    }
    let (_, name, receiver) = callee(node, context)?;
    let items = arguments(node);
    match (name, receiver, &items[..]) {
        ("copy" | "__copy__", Some(object), []) => Some(object),
        (
            "list" | "dict" | "set" | "tuple" | "frozenset" | "bytearray" | "deepcopy" | "copy",
            None,
            [only],
        ) if is_positional(*only) && only.kind() != "generator_expression" => Some(*only),
        ("deepcopy" | "copy", Some(module), [only])
            if is_positional(*only) && context.text(module) == "copy" =>
        {
            Some(*only)
        }
        _ => None,
    }
}

/// Where the copy lives on under a name, in a field, or with the caller; elsewhere nobody would notice.
fn is_kept_value(node: Node<'_>, context: &Context<'_>) -> bool {
    matches!(
        parent_kind(context),
        "assignment"
            | "return_statement"
            | "argument_list"
            | "keyword_argument"
            | "pair"
            | "for_statement"
            | "yield"
            | "for_in_clause"
            | "expression_list"
            | "conditional_expression"
            | "comparison_operator"
            | "list"
            | "tuple"
    ) && context
        .parent()
        .and_then(|parent| parent.child_by_field_name("left"))
        != Some(node)
}
