//! SWE-smith's four on binary operators, with every site named: it draws once, and may draw the same again.
//!
//! Its condition (complexity of at least 3) is dropped: `return a + b` is a fine target. In its place are
//! conditions on the operands, where the break could only raise a `TypeError` or change nothing.

use tree_sitter::Node;

use super::rule::Rule;
use super::syntax::{callee, swap, unwrapped};
use crate::context::Context;
use crate::operator::{Edit, Sites};

pub(crate) static CHANGE: Rule = Rule {
    name: "func_pm_op_change",
    summary: "a binary operator becomes another of its family: arithmetic, bits, shifts",
    kinds: &["binary_operator"],
    sites: change,
};

pub(crate) static CHANGE_CONST: Rule = Rule {
    name: "func_pm_op_change_const",
    summary: "a whole number beside a binary operator is one more, or one less",
    kinds: &["binary_operator"],
    sites: change_const,
};

pub(crate) static BREAK_CHAINS: Rule = Rule {
    name: "func_pm_op_break_chains",
    summary: "a chain of binary operators loses an operand: `a + b + c` becomes `a + c` or `a + b`",
    kinds: &["binary_operator"],
    sites: break_chains,
};

pub(crate) static SWAP: Rule = Rule {
    name: "func_pm_op_swap",
    summary: "the operands of a binary operator change places, where their order matters",
    kinds: &["binary_operator"],
    sites: swap_operands,
};

/// An operator does not leave its family: other operators would not exist for the operands.
const FAMILIES: [&[&str]; 3] = [
    &["+", "-", "*", "/", "//", "%", "**"],
    &["&", "|", "^"],
    &["<<", ">>"],
];

struct Parts<'a> {
    left: Node<'a>,
    operator: Node<'a>,
    right: Node<'a>,
}

fn parts(node: Node<'_>) -> Option<Parts<'_>> {
    Some(Parts {
        left: node.child_by_field_name("left")?,
        operator: node.child_by_field_name("operator")?,
        right: node.child_by_field_name("right")?,
    })
}

/// Text, lists and the like know `+`, and `%` or `*` with their own meaning: no other operator works.
fn is_collection(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        "string" | "concatenated_string" | "list" | "tuple" | "dictionary" | "list_comprehension"
    )
}

/// Whether a value is text or a list for sure, or is added to one.
fn is_joined(node: Node<'_>, context: &Context<'_>) -> bool {
    let node = unwrapped(node);
    match node.kind() {
        "binary_operator" => parts(node).is_some_and(|parts| match parts.operator.kind() {
            "+" => is_joined(parts.left, context) || is_joined(parts.right, context),
            "%" | "*" => is_joined(parts.left, context),
            _ => false,
        }),
        "call" => {
            callee(node, context).is_some_and(|(_, name, receiver)| match name {
                "str" | "repr" | "chr" | "ascii" | "bytes" | "list" | "tuple" | "sorted"
                | "dict" => receiver.is_none(),
                "join" | "format" | "lower" | "upper" | "strip" | "lstrip" | "rstrip"
                | "replace" | "capitalize" | "title" | "split" | "encode" | "decode" | "ljust"
                | "rjust" => receiver.is_some(),
                _ => false,
            })
        }
        _ => is_collection(node),
    }
}

/// Whether the current node is part of a longer sum of text or lists.
fn is_in_joined_sum(context: &Context<'_>) -> bool {
    let sums = context.parents.iter().rev().take_while(|above| {
        above.kind() == "binary_operator"
            && above
                .child_by_field_name("operator")
                .is_some_and(|operator| operator.kind() == "+")
    });
    sums.last().is_some_and(|sum| is_joined(*sum, context))
}

fn change<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let Some(Parts {
        left,
        operator,
        right,
    }) = parts(node)
    else {
        return;
    };
    let is_sum = operator.kind() == "+";
    if is_joined(left, context) || is_joined(right, context) || is_sum && is_in_joined_sum(context)
    {
        return;
    }
    for family in FAMILIES
        .iter()
        .filter(|family| family.contains(&operator.kind()))
    {
        for other in family.iter().filter(|other| **other != operator.kind()) {
            sites.one(Edit::replace(operator.byte_range(), *other));
        }
    }
}

fn change_const<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let Some(Parts {
        left,
        operator,
        right,
    }) = parts(node)
    else {
        return;
    };
    for operand in [left, right]
        .into_iter()
        .filter(|operand| operand.kind() == "integer")
    {
        let text = context.text(operand);
        let divides = operand == right && matches!(operator.kind(), "/" | "//" | "%");
        for step in [1, -1] {
            let changed = shifted(text, step).filter(|number| !(divides && number == "0"));
            if let Some(number) = changed {
                sites.one(Edit::replace(operand.byte_range(), number));
            }
        }
    }
}

/// The number one higher or lower, written in the same base.
fn shifted(text: &str, step: i128) -> Option<String> {
    let digits = text.replace('_', "").to_ascii_lowercase();
    let (prefix, radix) = match digits.get(..2) {
        Some("0x") => ("0x", 16),
        Some("0o") => ("0o", 8),
        Some("0b") => ("0b", 2),
        _ => ("", 10),
    };
    let value = i128::from_str_radix(&digits[prefix.len()..], radix)
        .ok()?
        .checked_add(step)?;
    let sign = if value < 0 { "-" } else { "" };
    let value = value.unsigned_abs();
    Some(match radix {
        16 => format!("{sign}{value:#x}"),
        8 => format!("{sign}{value:#o}"),
        2 => format!("{sign}{value:#b}"),
        _ => format!("{sign}{value}"),
    })
}

fn break_chains<'a>(node: Node<'a>, _: &Context<'a>, sites: &mut Sites<'a>) {
    let Some(Parts { left, right, .. }) = parts(node) else {
        return;
    };
    if let Some(inner) = Some(left)
        .filter(|left| left.kind() == "binary_operator")
        .and_then(parts)
    {
        sites.one(Edit::remove(inner.left.end_byte()..inner.right.end_byte()));
        sites.one(Edit::remove(left.end_byte()..right.end_byte()));
    } else if let Some(inner) = Some(right)
        .filter(|right| right.kind() == "binary_operator")
        .and_then(parts)
    {
        sites.one(Edit::remove(
            inner.left.start_byte()..inner.right.start_byte(),
        ));
    }
}

fn swap_operands<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let Some(Parts {
        left,
        operator,
        right,
    }) = parts(node)
    else {
        return;
    };
    let is_number = |operand: Node<'_>| matches!(operand.kind(), "integer" | "float");
    let order_matters = match operator.kind() {
        "-" | "/" | "//" | "**" | "<<" | ">>" | "@" => true,
        "%" => !is_collection(left),
        "+" => !is_number(left) && !is_number(right),
        _ => false,
    };
    if !order_matters {
        return;
    }
    // `a - b - c` is `(a - b) - c`, so what stood left needs parentheses to stand right.
    if left.kind() == "binary_operator" {
        let left_text = format!("({})", context.text(left));
        sites.several(vec![
            Edit::replace(left.byte_range(), context.text(right)),
            Edit::replace(right.byte_range(), left_text),
        ]);
    } else {
        sites.several(swap(left, right, context));
    }
}

#[cfg(test)]
mod tests {
    use super::shifted;

    #[test]
    fn numbers_keep_their_base() {
        assert_eq!(shifted("1_000", 1).as_deref(), Some("1001"));
        assert_eq!(shifted("0xFF", 1).as_deref(), Some("0x100"));
        assert_eq!(shifted("0b10", -1).as_deref(), Some("0b1"));
        assert_eq!(shifted("0", -1).as_deref(), Some("-1"));
        assert_eq!(shifted("5j", 1), None);
    }
}
