//! Changes of parameters' defaults that are plain constants.

use tree_sitter::{Node, Tree};

use super::{Hunk, body_of, function_at};

/// The body of the function of which a hunk changes defaults and nothing else: plain constants take the place of what
/// stood there, evaluated once, when the module or class around the function is executed.
pub(super) fn changed<'tree>(
    before: &'tree Tree,
    original: &str,
    after: &Tree,
    changed: &str,
    hunk: &Hunk,
) -> Option<Node<'tree>> {
    if hunk.rows.len() != hunk.by.len() {
        return None;
    }
    let function = function_with_head(before.root_node(), hunk)?;
    let row = function
        .start_position()
        .row
        .checked_add_signed(hunk.shift)?;
    let twin = function_at(after.root_node(), row)?;
    let [(around, values), (around_twin, values_of_twin)] =
        [(function, original), (twin, changed)].map(|(function, source)| head(function, source));
    let fits = |(one, other): (&Node<'_>, &Node<'_>)| {
        original[one.byte_range()] == changed[other.byte_range()]
            || is_constant(*one) && is_constant(*other)
    };
    let is_default = around == around_twin && values.iter().zip(&values_of_twin).all(fits);
    is_default.then(|| body_of(function))?
}

/// The function, in no other one, in whose head all rows of a hunk are.
fn function_with_head<'tree>(node: Node<'tree>, hunk: &Hunk) -> Option<Node<'tree>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor)
        .find_map(|child| match child.kind() {
            "function_definition" => has_in_head(child, hunk).then_some(child),
            _ => function_with_head(child, hunk),
        })
}

/// Whether all rows of a hunk are those of the function's head, and none of its body.
fn has_in_head(function: Node<'_>, hunk: &Hunk) -> bool {
    let Some(body) = body_of(function) else {
        return false;
    };
    let rows = function.start_position().row..body.start_position().row;
    rows.start <= hunk.rows.start && hunk.rows.end <= rows.end
}

/// A function's head: what stands in its rows but for defaults, and these.
fn head<'t, 's>(function: Node<'t>, source: &'s str) -> (Vec<&'s str>, Vec<Node<'t>>) {
    let end_of_row = |before: usize| source[..before].rfind('\n').map_or(0, |end| end + 1);
    let mut place = end_of_row(function.start_byte());
    let end = body_of(function).map_or(source.len(), |body| end_of_row(body.start_byte()));
    let values = values(function);
    let mut around = Vec::new();
    for value in &values {
        around.push(&source[place..value.start_byte()]);
        place = value.end_byte();
    }
    around.push(source.get(place..end).unwrap_or_default());
    (around, values)
}

/// The defaults of a function's parameters, in order.
fn values(function: Node<'_>) -> Vec<Node<'_>> {
    let Some(parameters) = function.child_by_field_name("parameters") else {
        return Vec::new();
    };
    let mut cursor = parameters.walk();
    parameters
        .named_children(&mut cursor)
        .filter_map(|parameter| parameter.child_by_field_name("value"))
        .collect()
}

/// Whether evaluating it does nothing and gives what cannot be changed, the same to everybody.
fn is_constant(value: Node<'_>) -> bool {
    match value.kind() {
        "none" | "true" | "false" | "integer" | "float" => true,
        "string" => {
            let mut cursor = value.walk();
            !value
                .named_children(&mut cursor)
                .any(|part| part.kind() == "interpolation")
        }
        "unary_operator" => {
            let argument = value.child_by_field_name("argument");
            let operator = value.child_by_field_name("operator");
            argument.is_some_and(|argument| matches!(argument.kind(), "integer" | "float"))
                && operator.is_some_and(|operator| operator.kind() == "-")
        }
        _ => false,
    }
}
