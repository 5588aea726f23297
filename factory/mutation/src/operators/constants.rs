//! Constants: `True` for `False`, `False` for `None`, a number off by one or by its magnitude.

use tree_sitter::Node;

use super::rule::Rule;
use super::syntax::{is_dunder_value, is_in_table, parent_kind};
use crate::context::Context;
use crate::operator::{Edit, Sites};

pub(crate) static BOOL: Rule = Rule {
    name: "func_pm_literal_bool",
    summary: "`True` becomes `False` and back",
    kinds: &["true", "false"],
    sites: flip,
};

pub(crate) static NONE: Rule = Rule {
    name: "func_pm_literal_none",
    summary: "`None` becomes `False` where it is returned, assigned or passed",
    kinds: &["none"],
    sites: |node, context, sites| {
        let parent = parent_kind(context);
        if matches!(
            parent,
            "return_statement"
                | "assignment"
                | "keyword_argument"
                | "pair"
                | "conditional_expression"
        ) {
            sites.one(Edit::replace(node.byte_range(), "False"));
        }
    },
};

pub(crate) static NUMBER: Rule = Rule {
    name: "func_pm_literal_number",
    summary: "an integer is off by one, a float by a factor of ten",
    kinds: &["integer", "float"],
    sites: number,
};

fn flip<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    // Defaults have an operator of their own; `while True`, patterns and bare constants are not values.
    let parent = parent_kind(context);
    let is_value = !matches!(
        parent,
        "default_parameter"
            | "typed_default_parameter"
            | "while_statement"
            | "if_statement"
            | "expression_statement"
            | "interpolation"
    ) && !parent.ends_with("_pattern");
    if is_value {
        sites.one(Edit::replace(
            node.byte_range(),
            if node.kind() == "true" {
                "False"
            } else {
                "True"
            },
        ));
    }
}

fn number<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let Some(other) = other_number(context.text(node), node.kind() == "integer") else {
        return;
    };
    // Operands of arithmetic, bounds, indices and defaults belong to other operators.
    let parent = parent_kind(context);
    let is_value = matches!(
        parent,
        "assignment"
            | "augmented_assignment"
            | "return_statement"
            | "argument_list"
            | "keyword_argument"
            | "list"
            | "tuple"
            | "set"
            | "pair"
            | "expression_list"
            | "comparison_operator"
            | "conditional_expression"
            | "boolean_operator"
            | "unary_operator"
            | "yield"
    );
    if is_value && !is_in_table(context) && !is_dunder_value(context) {
        sites.one(Edit::replace(node.byte_range(), other));
    }
}

fn other_number(text: &str, is_integer: bool) -> Option<String> {
    if !is_integer {
        let value: f64 = text.replace('_', "").parse().ok()?;
        let other = if value == 0.0 { 1.0 } else { value * 10.0 };
        return other.is_finite().then(|| format!("{other:?}"));
    }
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        let value = u64::from_str_radix(&digits.replace('_', ""), 16).ok()?;
        return Some(format!("{:#x}", value.checked_add(1)?));
    }
    let value: u64 = text.replace('_', "").parse().ok()?;
    Some(value.checked_add(1)?.to_string())
}
