//! Text formatting: fields in the wrong order, the conversion or the format forgotten.

use tree_sitter::Node;

use super::rule::Rule;
use super::syntax::{parts, swap};
use crate::context::Context;
use crate::operator::{Edit, Sites};

pub(crate) static FIELD_SWAP: Rule = Rule {
    name: "func_pm_fstring_field_swap",
    summary: "two neighbouring fields of an f-string change places",
    kinds: &["string"],
    sites: field_swap,
};

pub(crate) static FIELD_FORMAT: Rule = Rule {
    name: "func_pm_fstring_format",
    summary: "a field of an f-string loses its format or conversion",
    kinds: &["interpolation"],
    sites: field_format,
};

pub(crate) static PERCENT_SWAP: Rule = Rule {
    name: "func_pm_percent_args_swap",
    summary: "two neighbouring arguments of `\"…\" % (a, b)` change places",
    kinds: &["binary_operator"],
    sites: percent_swap,
};

fn field_swap<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let mut cursor = node.walk();
    let fields = node
        .named_children(&mut cursor)
        .filter(|child| child.kind() == "interpolation")
        .filter_map(|field| field.child_by_field_name("expression"));
    let mut previous: Option<Node<'a>> = None;
    for field in fields {
        if let Some(previous) = previous
            && context.text(previous) != context.text(field)
            // right behind the field's own brace it would be an escaped one
            && ![previous, field].iter().any(|node| context.text(*node).starts_with('{'))
        {
            sites.several(swap(previous, field, context));
        }
        previous = Some(field);
    }
}

fn field_format<'a>(node: Node<'a>, _: &Context<'a>, sites: &mut Sites<'a>) {
    let options = ["format_specifier", "type_conversion"];
    for part in parts(node) {
        if options.contains(&part.kind()) {
            sites.one(Edit::remove(part.byte_range()));
        }
    }
}

fn percent_swap<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let (Some(left), Some(right)) = (
        node.child_by_field_name("left"),
        node.child_by_field_name("right"),
    ) else {
        return;
    };
    let is_format = matches!(left.kind(), "string" | "concatenated_string")
        && node
            .child_by_field_name("operator")
            .is_some_and(|operator| operator.kind() == "%");
    if !is_format || right.kind() != "tuple" {
        return;
    }
    for pair in parts(right).windows(2) {
        if context.text(pair[0]) != context.text(pair[1]) {
            sites.several(swap(pair[0], pair[1], context));
        }
    }
}
