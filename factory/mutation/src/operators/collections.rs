//! Literal collections: a case forgotten at either end, two values of a table exchanged.

use tree_sitter::Node;

use super::rule::Rule;
use super::syntax::{is_dunder_value, item_range, parent_kind, parts, swap};
use crate::context::Context;
use crate::operator::{Edit, Sites};

pub(crate) static ELEMENT_DROP: Rule = Rule {
    name: "func_pm_element_drop",
    summary: "a list, tuple, set or dict literal loses its first or its last element",
    kinds: &["list", "tuple", "set", "dictionary"],
    sites: element_drop,
};

pub(crate) static VALUE_SWAP: Rule = Rule {
    name: "func_pm_dict_value_swap",
    summary: "the first two entries of a dict literal exchange their values",
    kinds: &["dictionary"],
    sites: value_swap,
};

fn element_drop<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let items = parts(node);
    // The places of a tuple like `(None, [])` have meanings: it is no list of cases.
    let is_record =
        node.kind() == "tuple" && items.iter().any(|item| item.kind() != items[0].kind());
    // Targets are bound, not counted; what an `except` catches has an operator of its own.
    let is_elsewhere = matches!(
        parent_kind(context),
        "as_pattern_target" | "delete_statement" | "except_clause" | "as_pattern"
    );
    if items.len() < 2 || is_record || is_elsewhere || is_dunder_value(context) {
        return;
    }
    let last = items.len() - 1;
    let is_pair = node.kind() == "tuple" && items.len() == 2;
    let last_range = item_range(&items, last);
    if is_pair
        && node
            .child(node.child_count().saturating_sub(2))
            .is_some_and(|c| c.kind() != ",")
    {
        // `(a, b)` to `(a,)`
        sites.one(Edit::replace(last_range, ","));
        sites.several(vec![
            Edit::remove(item_range(&items, 0)),
            Edit::insert(items[last].end_byte(), ","),
        ]);
        return;
    }
    sites.one(Edit::remove(last_range));
    sites.one(Edit::remove(item_range(&items, 0)));
}

fn value_swap<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    if let [first, second, ..] = parts(node)[..]
        && first.kind() == "pair"
        && second.kind() == "pair"
        && let (Some(a), Some(b)) = (
            first.child_by_field_name("value"),
            second.child_by_field_name("value"),
        )
        && a.kind() == b.kind()
        && context.text(a) != context.text(b)
    {
        sites.several(swap(a, b, context));
    }
}
