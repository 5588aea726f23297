//! Small slips in expressions: the sign lost, the branches of a conditional exchanged, one of them forgotten.

use tree_sitter::Node;

use super::rule::Rule;
use super::syntax::{is_loose, keep_only, parent_kind, parts, swap};
use crate::context::Context;
use crate::operator::Sites;

pub(crate) static SIGN_DROP: Rule = Rule {
    name: "func_pm_unary_drop",
    summary: "`-x` becomes `x`, `~x` becomes `x`",
    kinds: &["unary_operator"],
    sites: |node, context, sites| {
        if let Some(argument) = node.child_by_field_name("argument")
            && context.text(node).starts_with(['-', '~'])
            && !parent_kind(context).ends_with("_pattern")
        {
            sites.one(keep_only(node, argument, context));
        }
    },
};

pub(crate) static TERNARY_SWAP: Rule = Rule {
    name: "func_pm_ternary_swap",
    summary: "`a if c else b` becomes `b if c else a`",
    kinds: &["conditional_expression"],
    sites: |node, context, sites| {
        if let [first, _, last] = parts(node)[..]
            && !matches!(last.kind(), "conditional_expression" | "lambda")
            && context.text(first) != context.text(last)
        {
            sites.several(swap(first, last, context));
        }
    },
};

pub(crate) static TERNARY_DROP: Rule = Rule {
    name: "func_pm_ternary_drop",
    summary: "`a if c else b` becomes `a`, as if the other case did not exist",
    kinds: &["conditional_expression"],
    sites: ternary_drop,
};

fn ternary_drop<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let [first, condition, last] = parts(node)[..] else {
        return;
    };
    if context.text(condition).contains(":=") || is_loose(last) {
        return;
    }
    sites.one(keep_only(node, first, context));
    sites.one(keep_only(node, last, context));
}
