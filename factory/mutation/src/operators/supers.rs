//! Inheritance: the parent's part of a method forgotten.

use tree_sitter::Node;

use super::rule::Rule;
use super::syntax::{callee, drop_statement, parts};
use crate::context::Context;
use crate::operator::Sites;

pub(crate) static SUPER_DROP: Rule = Rule {
    name: "func_pm_super_drop",
    summary: "a statement that only calls the parent's method is dropped",
    kinds: &["expression_statement"],
    sites: super_drop,
};

pub(crate) static CALL_DROP: Rule = Rule {
    name: "func_pm_call_drop",
    summary: "a statement that only calls something for its effect is dropped",
    kinds: &["expression_statement"],
    sites: call_drop,
};

fn statement_call(node: Node<'_>) -> Option<Node<'_>> {
    match parts(node)[..] {
        [call] if call.kind() == "call" => Some(call),
        _ => None,
    }
}

fn is_super(call: Node<'_>, context: &Context<'_>) -> bool {
    callee(call, context)
        .and_then(|(_, _, receiver)| receiver)
        .is_some_and(|object| {
            object.kind() == "call" && matches!(callee(object, context), Some((_, "super", None)))
        })
}

fn super_drop<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    if statement_call(node).is_some_and(|call| is_super(call, context)) {
        sites.one(drop_statement(node, context));
    }
}

fn call_drop<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let Some(call) = statement_call(node) else {
        return;
    };
    let Some((_, name, _)) = callee(call, context) else {
        return;
    };
    // Output, warnings and logs are seldom looked at; a dropped `close` or `flush` hardly ever.
    let is_unseen = matches!(
        name,
        "print" | "close" | "flush" | "sleep" | "collect" | "simplefilter" | "filterwarnings"
    ) || super::syntax::is_log_call(call, context);
    if context.function().is_some() && !is_unseen && !is_super(call, context) {
        sites.one(drop_statement(node, context));
    }
}
