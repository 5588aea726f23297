//! Boolean logic: `and` written for `or`, a condition forgotten, a `not` too many or too few.

use tree_sitter::Node;

use super::rule::Rule;
use super::syntax::{as_operand, binds, keep_only, unwrapped};
use crate::context::Context;
use crate::operator::{Edit, Sites};

pub(crate) static CONNECTIVE: Rule = Rule {
    name: "func_pm_bool_connective",
    summary: "`and` becomes `or`, `or` becomes `and`; the grouping stays",
    kinds: &["boolean_operator"],
    sites: connective,
};

pub(crate) static OPERAND: Rule = Rule {
    name: "func_pm_bool_operand",
    summary: "one operand of `and` or `or` is dropped",
    kinds: &["boolean_operator"],
    sites: operand,
};

pub(crate) static NOT_DROP: Rule = Rule {
    name: "func_pm_not_drop",
    summary: "`not x` becomes `x`",
    kinds: &["not_operator"],
    sites: |node, context, sites| {
        if let Some(argument) = node.child_by_field_name("argument") {
            sites.one(keep_only(node, argument, context));
        }
    },
};

pub(crate) static CONDITION_NEGATE: Rule = Rule {
    name: "func_pm_condition_negate",
    summary: "the condition of an `if`, `elif` or `while` gets a `not`",
    kinds: &["if_statement", "elif_clause", "while_statement"],
    sites: condition_negate,
};

fn sides(node: Node<'_>) -> Option<[Node<'_>; 3]> {
    Some([
        node.child_by_field_name("left")?,
        node.child_by_field_name("operator")?,
        node.child_by_field_name("right")?,
    ])
}

fn is_or(node: Node<'_>) -> bool {
    node.kind() == "boolean_operator"
        && node
            .child_by_field_name("operator")
            .is_some_and(|o| o.kind() == "or")
}

fn connective<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let Some([left, operator, _]) = sides(node) else {
        return;
    };
    let mut edits = Vec::with_capacity(3);
    let mut group = |range: std::ops::Range<usize>| {
        edits.push(Edit::insert(range.start, "("));
        edits.push(Edit::insert(range.end, ")"));
    };
    if operator.kind() == "or" {
        if is_or(left) {
            group(left.byte_range());
        }
        edits.push(Edit::replace(operator.byte_range(), "and"));
    } else {
        if context
            .parent()
            .is_some_and(|p| p.kind() == "boolean_operator" && !is_or(p))
        {
            group(node.byte_range());
        }
        edits.push(Edit::replace(operator.byte_range(), "or"));
    }
    sites.several(edits);
}

fn operand<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let Some([left, _, right]) = sides(node) else {
        return;
    };
    if !binds(right, context) {
        sites.one(keep_only(node, left, context));
    }
    if !binds(left, context) {
        sites.one(keep_only(node, right, context));
    }
}

/// Comparisons and `not` have operators of their own; with an `else`, negating is `ctrl_invert_if`.
fn condition_negate<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let Some(condition) = node.child_by_field_name("condition") else {
        return;
    };
    let has_alternative = node.child_by_field_name("alternative").is_some();
    let is_constant = matches!(condition.kind(), "true" | "false" | "integer");
    let inner = unwrapped(condition);
    let is_covered = matches!(inner.kind(), "comparison_operator" | "not_operator");
    if has_alternative || is_constant || is_covered {
        return;
    }
    let text = format!("not {}", as_operand(condition, context));
    sites.one(Edit::replace(condition.byte_range(), text));
}
