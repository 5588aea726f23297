//! Comparisons: the boundary that is off by one, the test turned around, the link of a chain forgotten.

use tree_sitter::Node;

use super::rule::Rule;
use super::syntax::{as_operand, keep_only, parent_kind, parts};
use crate::context::Context;
use crate::operator::{Edit, Sites};

pub(crate) static BOUNDARY: Rule = Rule {
    name: "func_pm_compare_boundary",
    summary: "`<` becomes `<=`, `>=` becomes `>`, and so on",
    kinds: &["comparison_operator"],
    sites: |node, _, sites| {
        replace_operators(node, sites, |operator| match operator {
            "<" => Some("<="),
            "<=" => Some("<"),
            ">" => Some(">="),
            ">=" => Some(">"),
            _ => None,
        });
    },
};

pub(crate) static NEGATE: Rule = Rule {
    name: "func_pm_compare_negate",
    summary: "`==` becomes `!=`, `<` becomes `>=`, and so on",
    kinds: &["comparison_operator"],
    sites: |node, _, sites| {
        replace_operators(node, sites, |operator| match operator {
            "==" => Some("!="),
            "!=" => Some("=="),
            "<" => Some(">="),
            "<=" => Some(">"),
            ">" => Some("<="),
            ">=" => Some("<"),
            _ => None,
        });
    },
};

pub(crate) static MEMBERSHIP: Rule = Rule {
    name: "func_pm_compare_membership",
    summary: "`in` becomes `not in`, `is` becomes `is not`, and back",
    kinds: &["comparison_operator"],
    sites: |node, _, sites| {
        replace_operators(node, sites, |operator| match operator {
            "in" => Some("not in"),
            "not in" => Some("in"),
            "is" => Some("is not"),
            "is not" => Some("is"),
            _ => None,
        });
    },
};

pub(crate) static NONE_TEST: Rule = Rule {
    name: "func_pm_none_test",
    summary: "`x is None` becomes `not x`, `x is not None` becomes `x`: the empty value is taken for none",
    kinds: &["comparison_operator"],
    sites: none_test,
};

pub(crate) static CHAIN: Rule = Rule {
    name: "func_pm_compare_chain",
    summary: "`a < b < c` loses its first or its last comparison",
    kinds: &["comparison_operator"],
    sites: chain,
};

fn operators(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.children_by_field_name("operators", &mut cursor)
        .collect()
}

fn replace_operators(
    node: Node<'_>,
    sites: &mut Sites<'_>,
    other: fn(&str) -> Option<&'static str>,
) {
    for operator in operators(node) {
        if let Some(text) = other(operator.kind()) {
            sites.one(Edit::replace(operator.byte_range(), text));
        }
    }
}

fn none_test<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let ([operator], [left, right]) = (&operators(node)[..], &parts(node)[..]) else {
        return;
    };
    if right.kind() != "none" {
        return;
    }
    match operator.kind() {
        "is not" => sites.one(keep_only(node, *left, context)),
        // `not x` binds looser than a comparison does; nothing around one may bind as tight but a `not`.
        "is" if parent_kind(context) != "not_operator" => {
            sites.one(Edit::replace(
                node.byte_range(),
                format!("not {}", as_operand(*left, context)),
            ));
        }
        _ => {}
    }
}

fn chain<'a>(node: Node<'a>, _: &Context<'a>, sites: &mut Sites<'a>) {
    let operands = parts(node);
    if let ([first, second, _, ..], [.., before_last, last]) = (&operands[..], &operands[..]) {
        sites.one(Edit::remove(before_last.end_byte()..last.end_byte()));
        sites.one(Edit::remove(first.start_byte()..second.start_byte()));
    }
}
