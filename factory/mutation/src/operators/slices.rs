//! Slices and indices: a bound off by one, forgotten or exchanged, the wrong end, the step lost.

use tree_sitter::Node;

use super::rule::Rule;
use super::syntax::{is_loose, parts};
use crate::context::Context;
use crate::operator::{Edit, Sites};

pub(crate) static SLICE_BOUND: Rule = Rule {
    name: "func_pm_slice_bound",
    summary: "a slice loses a bound, has one off by one, or changes the side: `x[1:]` to `x[:1]`",
    kinds: &["slice"],
    sites: slice_bound,
};

pub(crate) static SLICE_STEP: Rule = Rule {
    name: "func_pm_slice_step",
    summary: "a slice loses its step",
    kinds: &["slice"],
    sites: slice_step,
};

pub(crate) static INDEX: Rule = Rule {
    name: "func_pm_index_shift",
    summary: "an index is off by one or at the wrong end: `x[0]` to `x[1]` or `x[-1]`",
    kinds: &["subscript"],
    sites: index_shift,
};

/// Lower bound, upper bound, step, and the colons between.
struct Slice<'a> {
    bounds: [Option<Node<'a>>; 3],
    colons: Vec<Node<'a>>,
}

fn read(node: Node<'_>) -> Slice<'_> {
    let mut slice = Slice {
        bounds: [None; 3],
        colons: Vec::new(),
    };
    let mut cursor = node.walk();
    for child in node.children(&mut cursor) {
        match child.kind() {
            ":" => slice.colons.push(child),
            _ if child.is_extra() => {}
            _ => slice.bounds[slice.colons.len().min(2)] = Some(child),
        }
    }
    slice
}

fn slice_bound<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let Slice {
        bounds: [lower, upper, step],
        colons,
    } = read(node);
    if step.is_some() || colons.len() != 1 {
        return;
    }
    for bound in [lower, upper].into_iter().flatten() {
        sites.one(shifted(bound, context));
    }
    match (lower, upper) {
        (Some(lower), Some(upper)) => {
            sites.one(Edit::remove(lower.byte_range()));
            sites.one(Edit::remove(upper.byte_range()));
        }
        // `x[a:]` and `x[:a]`
        (Some(only), None) if !is_loose(only) => {
            sites.one(Edit::replace(
                node.byte_range(),
                format!(":{}", context.text(only)),
            ));
        }
        (None, Some(only)) if !is_loose(only) => {
            sites.one(Edit::replace(
                node.byte_range(),
                format!("{}:", context.text(only)),
            ));
        }
        _ => {}
    }
}

fn slice_step<'a>(node: Node<'a>, _: &Context<'a>, sites: &mut Sites<'a>) {
    let Slice {
        bounds: [_, _, Some(step)],
        colons,
    } = read(node)
    else {
        return;
    };
    if let [_, second] = colons[..] {
        sites.one(Edit::remove(second.start_byte()..step.end_byte()));
    }
}

fn index_shift<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let [_, index] = parts(node)[..] else { return };
    let text = context.text(index);
    let others: &[&str] = match (index.kind(), text) {
        ("integer", "0") => &["1", "-1"],
        ("integer", "1") => &["0", "2"],
        ("unary_operator", "-1") => &["0", "-2"],
        ("integer" | "unary_operator", _) if text.trim_start_matches('-').parse::<u8>().is_ok() => {
            sites.one(shifted(index, context));
            return;
        }
        ("identifier", "i" | "j" | "idx" | "index" | "pos" | "position" | "offset") => {
            sites.one(Edit::insert(index.end_byte(), " - 1"));
            sites.one(Edit::insert(index.end_byte(), " + 1"));
            return;
        }
        ("binary_operator", _) => {
            if let Some(edit) = without_offset(index) {
                sites.one(edit);
            }
            return;
        }
        _ => return,
    };
    for other in others {
        sites.one(Edit::replace(index.byte_range(), *other));
    }
}

/// `x[i + 1]` to `x[i]`.
fn without_offset(index: Node<'_>) -> Option<Edit<'static>> {
    let left = index.child_by_field_name("left")?;
    let right = index.child_by_field_name("right")?;
    let operator = index.child_by_field_name("operator")?;
    let is_offset = matches!(operator.kind(), "+" | "-") && right.kind() == "integer";
    is_offset.then(|| Edit::remove(left.end_byte()..right.end_byte()))
}

/// The bound moved by one: numbers move away from zero, `a + 1` loses its offset, others get `+ 1`.
fn shifted<'a>(bound: Node<'a>, context: &Context<'a>) -> Edit<'a> {
    let text = context.text(bound);
    if let Ok(number) = text.parse::<i64>() {
        let away_from_zero = number.saturating_add(if number < 0 { -1 } else { 1 });
        return Edit::replace(bound.byte_range(), away_from_zero.to_string());
    }
    if bound.kind() == "binary_operator"
        && let Some(edit) = without_offset(bound)
    {
        return edit;
    }
    let text = if is_loose(bound) {
        format!("({text}) + 1")
    } else {
        format!("{text} + 1")
    };
    Edit::replace(bound.byte_range(), text)
}
