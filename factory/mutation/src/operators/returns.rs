//! Returns: the value forgotten, a constant left over from a stub, the parts in the wrong order, the
//! `return` indented into the loop before it.

use tree_sitter::Node;

use super::rule::Rule;
use super::syntax::{indentation, is_multiline, parts, swap};
use crate::context::Context;
use crate::operator::{Edit, Sites};

pub(crate) static VALUE_DROP: Rule = Rule {
    name: "func_pm_return_drop",
    summary: "`return f(x)` becomes `f(x)`, and `return x` becomes `return None`",
    kinds: &["return_statement"],
    sites: value_drop,
};

pub(crate) static PART_SWAP: Rule = Rule {
    name: "func_pm_return_swap",
    summary: "`return a, b` becomes `return b, a`",
    kinds: &["return_statement"],
    sites: part_swap,
};

pub(crate) static IN_LOOP: Rule = Rule {
    name: "func_pm_return_in_loop",
    summary: "a `return` after a loop is indented into the loop, so that the first round ends it",
    kinds: &["return_statement"],
    sites: in_loop,
};

fn value_drop<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let Some(value) = parts(node).first().copied() else {
        return;
    };
    match value.kind() {
        // `None` is as false as `False` is: hardly anyone would notice.
        "none" | "false" => {}
        "call" | "await" => {
            sites.one(Edit::remove(node.start_byte()..value.start_byte()));
        }
        _ if context.function().is_some() => sites.one(Edit::replace(value.byte_range(), "None")),
        _ => {}
    }
}

fn part_swap<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let Some(value) = parts(node).first().copied() else {
        return;
    };
    if !matches!(value.kind(), "expression_list" | "tuple") {
        return;
    }
    if let [first, second] = parts(value)[..]
        && context.text(first) != context.text(second)
        && !matches!(
            (first.kind(), second.kind()),
            ("list_splat", _) | (_, "list_splat")
        )
    {
        sites.several(swap(first, second, context));
    }
}

fn in_loop<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let Some(indent) = indentation(node, context) else {
        return;
    };
    let Some(previous) = node.prev_named_sibling() else {
        return;
    };
    if !matches!(previous.kind(), "for_statement" | "while_statement")
        || previous.child_by_field_name("alternative").is_some()
        || node.start_position().row != node.end_position().row
    {
        return;
    }
    let Some(body) = previous.child_by_field_name("body") else {
        return;
    };
    let statements = parts(body);
    let (Some(first), Some(last)) = (statements.first(), statements.last()) else {
        return;
    };
    // After a statement that always leaves the round, the moved one would never run.
    let never_reached = matches!(
        last.kind(),
        "return_statement" | "raise_statement" | "break_statement" | "continue_statement"
    );
    if never_reached || !is_multiline(body, context) {
        return;
    }
    if let Some(deeper) = indentation(*first, context)
        && deeper.len() > indent.len()
    {
        sites.one(Edit::replace(
            node.start_byte() - indent.len()..node.start_byte(),
            deeper,
        ));
    }
}
