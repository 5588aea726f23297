//! Generators: an item skipped, a sequence yielded whole, an item taken for a sequence.

use tree_sitter::Node;

use super::rule::Rule;
use super::syntax::{child_of_kind, descend, drop_statement, parts};
use crate::context::Context;
use crate::operator::{Edit, Sites};

pub(crate) static YIELD_DROP: Rule = Rule {
    name: "func_pm_yield_drop",
    summary: "a `yield` statement is dropped where another one remains",
    kinds: &["yield"],
    sites: yield_drop,
};

pub(crate) static YIELD_FROM: Rule = Rule {
    name: "func_pm_yield_from",
    summary: "`yield from x` becomes `yield x`",
    kinds: &["yield"],
    sites: |node, _, sites| {
        if let (Some(from), Some(value)) = (child_of_kind(node, "from"), parts(node).first()) {
            sites.one(Edit::remove(from.start_byte()..value.start_byte()));
        }
    },
};

fn yield_drop<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let Some(statement) = context.parent() else {
        return;
    };
    let Some(body) = context
        .function()
        .and_then(|scope| scope.node.child_by_field_name("body"))
    else {
        return;
    };
    if statement.kind() != "expression_statement" {
        return;
    }
    // A fixture's or a context manager's only `yield` is what makes it one.
    let mut others = 0;
    descend(body, |below, _, _| {
        others += usize::from(below.kind() == "yield" && below.is_named() && below != node);
        others == 0
            && !matches!(
                below.kind(),
                "function_definition" | "class_definition" | "lambda"
            )
    });
    if others > 0 {
        sites.one(drop_statement(statement, context));
    }
}
