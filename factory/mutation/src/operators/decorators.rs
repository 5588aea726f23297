//! Decorators: one forgotten, two in the wrong order.

use tree_sitter::Node;

use super::rule::Rule;
use super::syntax::{indentation, parts, swap};
use crate::context::Context;
use crate::operator::{Edit, Sites};

pub(crate) static DROP: Rule = Rule {
    name: "func_pm_decorator_drop",
    summary: "a function or class loses a decorator",
    kinds: &["decorated_definition"],
    sites: drop,
};

pub(crate) static SWAP: Rule = Rule {
    name: "func_pm_decorator_swap",
    summary: "two neighbouring decorators change places",
    kinds: &["decorated_definition"],
    sites: |node, context, sites| {
        for pair in decorators(node).windows(2) {
            if let (Some(a), Some(b)) = (pair[0].named_child(0), pair[1].named_child(0))
                && context.text(a) != context.text(b)
                && ![a, b]
                    .iter()
                    .any(|decorator| is_innermost_or_outermost(context.text(*decorator)))
            {
                sites.several(swap(a, b, context));
            }
        }
    },
};

fn decorators(node: Node<'_>) -> Vec<Node<'_>> {
    parts(node)
        .into_iter()
        .filter(|part| part.kind() == "decorator")
        .collect()
}

/// Decorators that fail at import, not in use, when they stand in the wrong place.
fn is_innermost_or_outermost(name: &str) -> bool {
    matches!(
        name.rsplit('.').next().unwrap_or(name),
        "property" | "cached_property" | "abstractmethod" | "setter" | "deleter" | "getter"
    )
}

/// Decorators that only speak to type checkers and readers; taking them away changes no behaviour.
fn is_silent(name: &str) -> bool {
    matches!(
        name.rsplit('.').next().unwrap_or(name),
        "overload" | "override" | "final" | "no_type_check" | "deprecated" | "runtime_checkable"
    )
}

fn drop<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    for decorator in decorators(node) {
        let Some(expression) = decorator.named_child(0) else {
            continue;
        };
        let name = context
            .text(expression)
            .split('(')
            .next()
            .unwrap_or("")
            .trim_end();
        // Without `@x.setter` the setter would hide the property: every use of the class fails.
        let is_accessor = name.ends_with(".setter") || name.ends_with(".deleter");
        if is_silent(name) || is_accessor {
            continue;
        }
        let Some(indent) = indentation(decorator, context) else {
            continue;
        };
        let start = decorator.start_byte() - indent.len();
        let rest = &context.source[expression.end_byte()..];
        let Some(newline) = rest.find('\n') else {
            continue;
        };
        sites.one(Edit::remove(start..expression.end_byte() + newline + 1));
    }
}
