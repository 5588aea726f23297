//! Exceptions caught: the wrong type, one type too few, the handler that does nothing, the clean-up lost.

use tree_sitter::Node;

use super::raises::mistaken_for;
use super::rule::Rule;
use super::syntax::{child_of_kind, item_range, parts};
use crate::context::Context;
use crate::operator::{Edit, Sites};

pub(crate) static CAUGHT_TYPE: Rule = Rule {
    name: "func_pm_except_type",
    summary: "an `except` catches another type, or one type of several is forgotten",
    kinds: &["except_clause"],
    sites: caught_type,
};

pub(crate) static SWALLOW: Rule = Rule {
    name: "func_pm_except_swallow",
    summary: "the body of an `except` becomes `pass`",
    kinds: &["except_clause"],
    sites: swallow,
};

pub(crate) static FINALLY_DROP: Rule = Rule {
    name: "func_pm_finally_drop",
    summary: "the body of a `finally` becomes `pass`",
    kinds: &["finally_clause"],
    sites: swallow,
};

fn caught_type<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let Some(mut value) = node.child_by_field_name("value") else {
        return;
    };
    if value.kind() == "as_pattern" {
        let Some(inner) = value.named_child(0) else {
            return;
        };
        value = inner;
    }
    match value.kind() {
        "identifier" => {
            if let Some(other) = mistaken_for(context.text(value)) {
                sites.one(Edit::replace(value.byte_range(), other));
            }
        }
        "tuple" => {
            let items = parts(value);
            if items.len() == 2 {
                sites.one(Edit::replace(value.byte_range(), context.text(items[0])));
                sites.one(Edit::replace(value.byte_range(), context.text(items[1])));
            } else if items.len() > 2 {
                for index in 0..items.len() {
                    sites.one(Edit::remove(item_range(&items, index)));
                }
            }
        }
        _ => {}
    }
}

fn swallow<'a>(node: Node<'a>, _: &Context<'a>, sites: &mut Sites<'a>) {
    let Some(body) = child_of_kind(node, "block") else {
        return;
    };
    let statements = parts(body);
    let (Some(first), Some(last)) = (statements.first(), statements.last()) else {
        return;
    };
    if statements.len() == 1 && matches!(first.kind(), "pass_statement" | "raise_statement") {
        return; // nothing to lose, or `func_pm_raise_drop`
    }
    sites.one(Edit::replace(first.start_byte()..last.end_byte(), "pass"));
}
