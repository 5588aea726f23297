//! SWE-smith's three on classes: a base gone, a method gone, methods in another order.
//!
//! Its condition (complexity of at least 10) is kept only for the order of methods, which rarely matters.

use tree_sitter::Node;

use super::control::reordered;
use super::rule::Rule;
use super::syntax::{drop_statement, item_range, parts};
use crate::context::Context;
use crate::operator::{Edit, Sites};

pub(crate) static RM_BASE: Rule = Rule {
    name: "func_pm_class_rm_base",
    summary: "a class loses one of its bases",
    kinds: &["class_definition"],
    sites: rm_base,
};

pub(crate) static RM_FUNCS: Rule = Rule {
    name: "func_pm_class_rm_funcs",
    summary: "a class loses one of its methods",
    kinds: &["class_definition"],
    sites: rm_funcs,
};

pub(crate) static SHUFFLE_FUNCS: Rule = Rule {
    name: "func_pm_class_shuffle_funcs",
    summary: "the methods of a class stand in another order",
    kinds: &["class_definition"],
    sites: shuffle_funcs,
};

const MIN_COMPLEXITY_TO_SHUFFLE: u32 = 10;

fn rm_base<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let Some(list) = node.child_by_field_name("superclasses") else {
        return;
    };
    let items = parts(list);
    for (place, base) in items.iter().enumerate() {
        let is_base = matches!(
            base.kind(),
            "identifier" | "attribute" | "subscript" | "call"
        );
        if !is_base || context.text(*base) == "object" {
            continue;
        }
        let range = if items.len() == 1 {
            list.byte_range()
        } else {
            item_range(&items, place)
        };
        sites.one(Edit::remove(range));
    }
}

/// The methods of a class, with their decorators.
fn methods(class: Node<'_>) -> Vec<Node<'_>> {
    let mut methods = class
        .child_by_field_name("body")
        .map(parts)
        .unwrap_or_default();
    methods.retain(|statement| {
        statement
            .child_by_field_name("definition")
            .unwrap_or(*statement)
            .kind()
            == "function_definition"
    });
    methods
}

fn name<'a>(method: Node<'a>, context: &Context<'a>) -> &'a str {
    let definition = method.child_by_field_name("definition").unwrap_or(method);
    definition
        .child_by_field_name("name")
        .map_or("", |name| context.text(name))
}

/// A method whose name stands elsewhere in the class body itself (`@name.setter`, `alias = name`, an
/// overload) is left: without it the module could not be imported.
fn rm_funcs<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let methods = methods(node);
    for method in &methods {
        if methods.len() > 1 && !is_used_in_body(*method, node, context) {
            sites.one(drop_statement(*method, context));
        }
    }
}

fn is_used_in_body<'a>(method: Node<'a>, class: Node<'a>, context: &Context<'a>) -> bool {
    let own = name(method, context);
    let statements = class
        .child_by_field_name("body")
        .map(parts)
        .unwrap_or_default();
    statements
        .into_iter()
        .filter(|statement| *statement != method)
        .any(|statement| {
            // Of a function or class only what runs with the class body: decorators, defaults, the name.
            let definition = statement
                .child_by_field_name("definition")
                .unwrap_or(statement);
            let end = definition
                .child_by_field_name("body")
                .map_or(statement.end_byte(), |body| body.start_byte());
            context.source[statement.start_byte()..end]
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .any(|word| word == own)
        })
}

/// SWE-smith draws one order; here there are two fixed ones.
fn shuffle_funcs<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let methods = methods(node);
    if methods.len() < 2 || context.complexity(node) < MIN_COMPLEXITY_TO_SHUFFLE {
        return;
    }
    sites.several(reordered(&methods, methods.iter().rev(), context));
    if methods.len() > 2 {
        sites.several(reordered(&methods, methods.iter().cycle().skip(1), context));
    }
}
