//! Defaults: of parameters (flipped, off by one, shared and mutable) and of look-ups (forgotten).

use tree_sitter::Node;

use super::rule::Rule;
use super::syntax::{arguments, callee, is_positional, item_range};
use crate::context::Context;
use crate::operator::{Edit, Sites};

pub(crate) static PARAMETER_DEFAULT: Rule = Rule {
    name: "func_pm_param_default",
    summary: "a parameter's default changes: `True` to `False`, 1 to 2, `None` to a shared `[]`, text to the empty text",
    kinds: &["default_parameter", "typed_default_parameter"],
    sites: parameter_default,
};

pub(crate) static LOOKUP_DEFAULT: Rule = Rule {
    name: "func_pm_lookup_default",
    summary: "`d.get(k, x)`, `d.pop(k, x)`, `getattr(o, k, x)` and `next(i, x)` lose the default",
    kinds: &["call"],
    sites: lookup_default,
};

pub(crate) static GET_TO_INDEX: Rule = Rule {
    name: "func_pm_get_to_index",
    summary: "`d.get(k)` becomes `d[k]`, and `d.setdefault(k, x)` becomes `d.get(k, x)`",
    kinds: &["call"],
    sites: get_to_index,
};

fn parameter_default<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let Some(value) = node.child_by_field_name("value") else {
        return;
    };
    let text = context.text(value);
    let other = match value.kind() {
        "true" => "False".to_owned(),
        "false" => "True".to_owned(),
        "none" => "[]".to_owned(),
        "integer" => match text.parse::<u64>() {
            Ok(number) => number.saturating_add(1).to_string(),
            Err(_) => return,
        },
        "string" if text.len() > 2 && value.named_child_count() == 3 => "\"\"".to_owned(),
        _ => return,
    };
    // bytes stay bytes
    let is_bytes =
        text.starts_with(['b', 'B']) || text.get(1..2).is_some_and(|c| matches!(c, "b" | "B"));
    let other = if value.kind() == "string" && is_bytes {
        "b\"\"".to_owned()
    } else {
        other
    };
    sites.one(Edit::replace(value.byte_range(), other));
}

fn lookup_default<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let Some((_, name, receiver)) = callee(node, context) else {
        return;
    };
    let items = arguments(node);
    let with_default = match (name, receiver) {
        ("get" | "pop", Some(_)) | ("next", None) => 2,
        ("getattr", None) => 3,
        _ => return,
    };
    let Some(last) = items.last() else { return };
    // `d.get(k, None)` and `d.get(k)` are the same.
    let is_same = name == "get" && last.kind() == "none";
    if items.len() == with_default && items.iter().all(|item| is_positional(*item)) && !is_same {
        sites.one(Edit::remove(item_range(&items, with_default - 1)));
    }
}

fn get_to_index<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let Some((method, name, Some(receiver))) = callee(node, context) else {
        return;
    };
    let items = arguments(node);
    match (name, &items[..]) {
        ("get", [key])
            if is_positional(*key)
                && key.kind() != "string"
                && !matches!(context.text(receiver), "self" | "cls") =>
        {
            let text = format!("{}[{}]", context.text(receiver), context.text(*key));
            sites.one(Edit::replace(node.byte_range(), text));
        }
        ("setdefault", [_, _]) => sites.one(Edit::replace(method.byte_range(), "get")),
        _ => {}
    }
}
