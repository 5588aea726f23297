//! Calls: an argument forgotten, two in the wrong order, one written twice.

use tree_sitter::Node;

use super::rule::Rule;
use super::syntax::{arguments, callee, is_positional, is_reference, item_range, swap};
use crate::context::Context;
use crate::operator::{Edit, Sites};
use crate::parameters::Parameters;

pub(crate) static ARGUMENT_DROP: Rule = Rule {
    name: "func_pm_arg_drop",
    summary: "the last of several positional arguments is dropped; for the file's own functions, one that has a default",
    kinds: &["call"],
    sites: argument_drop,
};

pub(crate) static ARGUMENT_SWAP: Rule = Rule {
    name: "func_pm_arg_swap",
    summary: "two neighbouring positional arguments change places",
    kinds: &["call"],
    sites: argument_swap,
};

pub(crate) static ARGUMENT_REPEAT: Rule = Rule {
    name: "func_pm_arg_repeat",
    summary: "an argument is given in its neighbour's place too",
    kinds: &["call"],
    sites: argument_repeat,
};

pub(crate) static KEYWORD_DROP: Rule = Rule {
    name: "func_pm_kwarg_drop",
    summary: "a keyword argument is dropped; for the file's own functions, one that has a default",
    kinds: &["call"],
    sites: keyword_drop,
};

pub(crate) static KEYWORD_SWAP: Rule = Rule {
    name: "func_pm_kwarg_swap",
    summary: "two neighbouring keyword arguments exchange their values",
    kinds: &["call"],
    sites: keyword_swap,
};

/// Calls that fail at once, for every caller, when an argument goes or moves; nobody would commit that.
fn is_strict(call: Node<'_>, context: &Context<'_>) -> bool {
    callee(call, context).is_some_and(|(_, name, receiver)| {
        receiver.is_none()
            && matches!(
                name,
                "isinstance"
                    | "issubclass"
                    | "hasattr"
                    | "setattr"
                    | "delattr"
                    | "getattr"
                    | "super"
                    | "print"
                    | "type"
                    | "namedtuple"
                    | "NamedTuple"
                    | "TypeVar"
                    | "NewType"
                    | "cast"
                    | "zip"
                    | "map"
                    | "filter"
                    | "open"
            )
    })
}

/// Methods of built-in types and of `re` that need all of their arguments.
fn is_strict_method(call: Node<'_>, context: &Context<'_>) -> bool {
    callee(call, context).is_some_and(|(_, name, receiver)| {
        receiver.is_some()
            && matches!(
                name,
                "replace" | "insert" | "sub" | "subn" | "match" | "search"
            )
    })
}

/// What the called function takes, where the file says so.
fn parameters<'c>(call: Node<'_>, context: &Context<'c>) -> Option<&'c Parameters> {
    let (_, name, receiver) = callee(call, context)?;
    let receiver = receiver.map(|object| context.text(object));
    context.entities.callables().find(name, receiver)
}

fn argument_drop<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let items = arguments(node);
    let positional = items.iter().filter(|item| is_positional(**item)).count();
    let is_needed = parameters(node, context)
        .is_some_and(|parameters| !parameters.allow_fewer_than(positional));
    if positional < 2 || is_needed || is_strict(node, context) || is_strict_method(node, context) {
        return;
    }
    if let Some(last) = items.iter().rposition(|item| is_positional(*item)) {
        sites.one(Edit::remove(item_range(&items, last)));
    }
}

fn argument_swap<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let strict = is_strict(node, context);
    for pair in arguments(node).windows(2) {
        let (a, b) = (pair[0], pair[1]);
        let is_pair = is_positional(a) && is_positional(b) && context.text(a) != context.text(b);
        // min(a, b) and the like do not mind the order.
        let is_commutative = callee(node, context).is_some_and(|(_, name, receiver)| {
            receiver.is_none() && matches!(name, "min" | "max" | "gcd" | "hypot")
        });
        // Nobody takes `None` or a format for the value beside it.
        let is_telling =
            |node: Node<'_>| matches!(node.kind(), "none" | "true" | "false" | "lambda" | "string");
        if is_pair && !is_commutative && !strict && !is_telling(a) && !is_telling(b) {
            sites.several(swap(a, b, context));
        }
    }
}

fn argument_repeat<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    if is_strict(node, context) {
        return;
    }
    for pair in arguments(node).windows(2) {
        let (a, b) = (pair[0], pair[1]);
        if is_reference(a) && is_reference(b) && context.text(a) != context.text(b) {
            sites.one(Edit::replace(b.byte_range(), context.text(a)));
        }
    }
}

fn keyword_drop<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let items = arguments(node);
    for (index, item) in items.iter().enumerate() {
        if item.kind() != "keyword_argument" {
            continue;
        }
        let name = item
            .child_by_field_name("name")
            .map_or("", |name| context.text(name));
        // Sorting has an operator of its own; a call's documentation is seen by no test.
        let is_needed =
            parameters(node, context).is_some_and(|parameters| !parameters.allow_without(name));
        let is_elsewhere = matches!(
            name,
            "key" | "reverse" | "help" | "doc" | "description" | "stacklevel"
        );
        if !is_needed && !is_elsewhere {
            sites.one(Edit::remove(item_range(&items, index)));
        }
    }
}

fn keyword_swap<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    for pair in arguments(node).windows(2) {
        if pair.iter().any(|item| item.kind() != "keyword_argument") {
            continue;
        }
        let values = (
            pair[0].child_by_field_name("value"),
            pair[1].child_by_field_name("value"),
        );
        if let (Some(a), Some(b)) = values
            && a.kind() == b.kind()
            && is_reference(a)
            && context.text(a) != context.text(b)
        {
            sites.several(swap(a, b, context));
        }
    }
}
