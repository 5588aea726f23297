//! Counting: `range` and `enumerate` off by one at either end.

use tree_sitter::Node;

use super::rule::Rule;
use super::syntax::{arguments, callee, is_loose, is_positional, item_range};
use crate::context::Context;
use crate::operator::{Edit, Sites};

pub(crate) static RANGE: Rule = Rule {
    name: "func_pm_range_bound",
    summary: "`range(n)` becomes `range(n - 1)` or `range(1, n)`; a start or a stop is off by one; a step is lost",
    kinds: &["call"],
    sites: range,
};

pub(crate) static ENUMERATE: Rule = Rule {
    name: "func_pm_enumerate_start",
    summary: "`enumerate(x)` counts from 1, and `enumerate(x, 1)` from 0",
    kinds: &["call"],
    sites: enumerate,
};

fn range<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    if !matches!(callee(node, context), Some((_, "range" | "xrange", None))) {
        return;
    }
    let items = arguments(node);
    if !items.iter().all(|item| is_positional(*item)) {
        return;
    }
    match items[..] {
        [stop] => {
            sites.one(moved(stop, -1, context));
            sites.one(Edit::insert(stop.start_byte(), "1, "));
        }
        [start, stop] => {
            sites.one(moved(start, 1, context));
            sites.one(moved(stop, -1, context));
        }
        [start, _, _] => {
            sites.one(moved(start, 1, context));
            sites.one(Edit::remove(item_range(&items, 2)));
        }
        _ => {}
    }
}

fn enumerate<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    if !matches!(callee(node, context), Some((_, "enumerate", None))) {
        return;
    }
    let items = arguments(node);
    match items[..] {
        [only] if is_positional(only) => sites.one(Edit::insert(only.end_byte(), ", 1")),
        [_, _] => sites.one(Edit::remove(item_range(&items, 1))),
        _ => {}
    }
}

/// The bound moved by one; an offset of one in the same expression is taken away instead of doubled.
fn moved<'a>(bound: Node<'a>, by: i64, context: &Context<'a>) -> Edit<'a> {
    let text = context.text(bound);
    if let Ok(number) = text.parse::<i64>() {
        return Edit::replace(bound.byte_range(), number.saturating_add(by).to_string());
    }
    let parts = (
        bound.child_by_field_name("left"),
        bound.child_by_field_name("right"),
    );
    if let (Some(left), Some(right)) = parts
        && bound.kind() == "binary_operator"
        && context.text(right) == "1"
        && bound
            .child_by_field_name("operator")
            .is_some_and(|operator| matches!(operator.kind(), "+" | "-"))
    {
        return Edit::remove(left.end_byte()..right.end_byte());
    }
    let sign = if by < 0 { '-' } else { '+' };
    let text = if is_loose(bound) {
        format!("({text}) {sign} 1")
    } else {
        format!("{text} {sign} 1")
    };
    Edit::replace(bound.byte_range(), text)
}
