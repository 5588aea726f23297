//! Assignments: the update with the wrong sign or that overwrites, targets in the wrong order, the scope
//! declaration forgotten.

use tree_sitter::Node;

use super::rule::Rule;
use super::syntax::{drop_statement, parts, swap};
use crate::context::Context;
use crate::operator::{Edit, Sites};

pub(crate) static AUGMENTED: Rule = Rule {
    name: "func_pm_augmented_operator",
    summary: "`+=` becomes `-=`, `|=` becomes `&=`, and so on",
    kinds: &["augmented_assignment"],
    sites: augmented,
};

pub(crate) static AUGMENTED_TO_PLAIN: Rule = Rule {
    name: "func_pm_augmented_to_plain",
    summary: "`x += y` becomes `x = y`",
    kinds: &["augmented_assignment"],
    sites: |node, _, sites| {
        if let Some(operator) = node.child_by_field_name("operator") {
            sites.one(Edit::replace(operator.byte_range(), "="));
        }
    },
};

pub(crate) static UNPACK_SWAP: Rule = Rule {
    name: "func_pm_unpack_swap",
    summary: "`a, b = f()` becomes `b, a = f()`, in loops and comprehensions too",
    kinds: &["pattern_list", "tuple_pattern"],
    sites: unpack_swap,
};

pub(crate) static SCOPE_DROP: Rule = Rule {
    name: "func_pm_scope_drop",
    summary: "a `nonlocal` or `global` declaration is dropped",
    kinds: &["nonlocal_statement", "global_statement"],
    sites: |node, context, sites| sites.one(drop_statement(node, context)),
};

fn augmented<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let (Some(operator), Some(right)) = (
        node.child_by_field_name("operator"),
        node.child_by_field_name("right"),
    ) else {
        return;
    };
    let other = match operator.kind() {
        // text and lists know no minus: that would fail at once
        "+=" if matches!(
            right.kind(),
            "string"
                | "concatenated_string"
                | "list"
                | "tuple"
                | "list_comprehension"
                | "expression_list"
        ) =>
        {
            return;
        }
        "+=" => "-=",
        "-=" => "+=",
        "*=" => "/=",
        "/=" | "//=" => "*=",
        "%=" if context.text(right).starts_with('(') => return,
        "%=" => "//=",
        "|=" => "&=",
        "&=" | "^=" => "|=",
        "<<=" => ">>=",
        ">>=" => "<<=",
        _ => return,
    };
    sites.one(Edit::replace(operator.byte_range(), other));
}

fn unpack_swap<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    if let [first, second, ..] = parts(node)[..]
        && first.kind() == second.kind()
        && matches!(first.kind(), "identifier" | "attribute" | "subscript")
        && ![first, second]
            .iter()
            .any(|name| context.text(*name) == "_")
        && !is_symmetric(context)
    {
        sites.several(swap(first, second, context));
    }
}

/// `a, b = 0, 0` means the same with its targets exchanged.
fn is_symmetric(context: &Context<'_>) -> bool {
    let Some(right) = context
        .parent()
        .and_then(|above| above.child_by_field_name("right"))
    else {
        return false;
    };
    right.kind() == "expression_list"
        && matches!(parts(right)[..], [a, b, ..] if context.text(a) == context.text(b))
}
