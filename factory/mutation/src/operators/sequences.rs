//! Order of processing: sorting or reversing forgotten, the sort key lost, the direction turned.

use tree_sitter::Node;

use super::rule::Rule;
use super::syntax::{arguments, callee, is_positional, item_range, keep_only};
use crate::context::Context;
use crate::operator::{Edit, Sites};

pub(crate) static ORDER_DROP: Rule = Rule {
    name: "func_pm_order_drop",
    summary: "`reversed(x)` becomes `x`, `sorted(x)` becomes `list(x)`",
    kinds: &["call"],
    sites: order_drop,
};

pub(crate) static SORT_KEY: Rule = Rule {
    name: "func_pm_sort_key",
    summary: "`sorted`, `sort`, `min` and `max` lose their `key` or turn their `reverse`",
    kinds: &["call"],
    sites: sort_key,
};

fn order_drop<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let Some((_, name, None)) = callee(node, context) else {
        return;
    };
    let items = arguments(node);
    let Some(first) = items.first().copied().filter(|first| is_positional(*first)) else {
        return;
    };
    match name {
        "reversed" if items.len() == 1 => sites.one(keep_only(node, first, context)),
        "sorted" => sites.one(Edit::replace(
            node.byte_range(),
            format!("list({})", context.text(first)),
        )),
        _ => {}
    }
}

fn sort_key<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    match callee(node, context) {
        Some((_, "sorted" | "min" | "max", None) | (_, "sort", Some(_))) => {}
        _ => return,
    }
    let items = arguments(node);
    let mut is_turned = false;
    for (index, item) in items.iter().enumerate() {
        let Some(value) = item
            .child_by_field_name("value")
            .filter(|_| item.kind() == "keyword_argument")
        else {
            continue;
        };
        match item
            .child_by_field_name("name")
            .map_or("", |name| context.text(name))
        {
            "key" => sites.one(Edit::remove(item_range(&items, index))),
            "reverse" => {
                is_turned = true;
                match value.kind() {
                    "true" => sites.one(Edit::remove(item_range(&items, index))),
                    "identifier" | "attribute" => {
                        sites.one(Edit::insert(value.start_byte(), "not "));
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
    let is_sort = matches!(callee(node, context), Some((_, "sorted" | "sort", _)));
    if is_sort && !is_turned {
        let is_empty = context.text(node).ends_with("()");
        match items.last() {
            Some(last) => sites.one(Edit::insert(last.end_byte(), ", reverse=True")),
            None if is_empty => sites.one(Edit::insert(node.end_byte() - 1, "reverse=True")),
            None => {} // `sorted(x for x in y)`
        }
    }
}
