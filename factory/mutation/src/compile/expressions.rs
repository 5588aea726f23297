//! Where an expression may stand without parentheses, and what strings may be joined.

use tree_sitter::Node;

use super::Refusal;
use super::flow::{Flow, Scope};
use super::names::mentions;
use super::rules::{Rule, rule};
use super::statements::is_target;
use super::visit::Visitor;

/// Kinds whose operands bind tighter than `not`, `lambda`, `if … else` and `:=` do.
const TIGHT: [&str; 7] = [
    "binary_operator",
    "comparison_operator",
    "unary_operator",
    "await",
    "attribute",
    "subscript",
    "call",
];

/// Checks an expression against the node that it stands in.
pub(super) fn placement(
    node: Node<'_>,
    kind: Rule,
    parent: Node<'_>,
    flow: Flow,
    source: &str,
) -> Result<(), Refusal> {
    let is_operand = || TIGHT.contains(&parent.kind()) && !is_index(node, parent);
    let is_logical = || matches!(parent.kind(), "boolean_operator" | "not_operator");
    match kind {
        Rule::Not if is_operand() => Err("not as an operand"),
        Rule::Conditional if is_operand() || is_logical() => Err("a conditional as an operand"),
        Rule::Lambda if is_operand() || is_logical() || parent.kind() == "interpolation" => {
            Err("a lambda as an operand")
        }
        Rule::Lambda
            if parent.kind() == "conditional_expression" && parent.named_child(2) != Some(node) =>
        {
            Err("a lambda as an operand")
        }
        Rule::Walrus => walrus(node, parent, flow, source),
        Rule::Star => star(node, parent),
        Rule::Yield => yielded(node, parent, flow),
        Rule::Await if !flow.is_async => Err("await outside an async function"),
        Rule::Await => awaited(node),
        Rule::ForIn => for_in(node, flow),
        Rule::As => as_target(node, parent),
        Rule::Comparison => {
            let mut cursor = node.walk();
            if node.children(&mut cursor).any(|child| child.kind() == "<>") {
                Err("<> is Python 2")
            } else {
                Ok(())
            }
        }
        Rule::Number => number(&source[node.byte_range()]),
        _ => Ok(()),
    }
}

fn is_index(node: Node<'_>, parent: Node<'_>) -> bool {
    parent.kind() == "subscript" && parent.child_by_field_name("value") != Some(node)
}

fn walrus(node: Node<'_>, parent: Node<'_>, flow: Flow, source: &str) -> Result<(), Refusal> {
    let fine = match parent.kind() {
        // `f"{x:=10}"` formats `x` as `=10` says.
        "interpolation" => return Ok(()),
        "parenthesized_expression"
        | "argument_list"
        | "list"
        | "set"
        | "tuple"
        | "if_clause"
        | "decorator"
        | "list_comprehension"
        | "set_comprehension"
        | "generator_expression"
        | "if_statement"
        | "elif_clause"
        | "while_statement"
        | "match_statement" => true,
        "subscript" => is_index(node, parent),
        _ => false,
    };
    if !fine {
        return Err(":= without parentheses");
    }
    if flow.in_comprehension && flow.scope == Scope::Class {
        return Err(":= in a comprehension in a class body");
    }
    let name = node
        .child_by_field_name("name")
        .map_or("", |name| &source[name.byte_range()]);
    rebinding(node, name, source)
}

/// `:=` binds around all comprehensions that it stands in, so it may not bind what they run with.
fn rebinding(node: Node<'_>, name: &str, source: &str) -> Result<(), Refusal> {
    let mut below = node;
    while let Some(above) = below.parent() {
        match rule(above) {
            Rule::Function | Rule::Lambda => break,
            Rule::ForIn if above.child_by_field_name("right") == Some(below) => {
                return Err(":= in what a comprehension runs over");
            }
            Rule::Comprehension | Rule::Generator => {
                let mut cursor = above.walk();
                let runs_with = above
                    .named_children(&mut cursor)
                    .filter(|part| rule(*part) == Rule::ForIn)
                    .filter_map(|clause| clause.child_by_field_name("left"))
                    .any(|left| mentions(left, name, source));
                if runs_with {
                    return Err(":= of a comprehension's own variable");
                }
            }
            _ => {}
        }
        below = above;
    }
    Ok(())
}

/// What may stand on both sides of a star's operand, and begins with the star in the grammar's eyes.
const STARRED_WHOLE: [&str; 7] = [
    "attribute",
    "call",
    "subscript",
    "boolean_operator",
    "comparison_operator",
    "binary_operator",
    "conditional_expression",
];

fn is_loose(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        "boolean_operator"
            | "comparison_operator"
            | "conditional_expression"
            | "not_operator"
            | "lambda"
    )
}

fn star(node: Node<'_>, mut parent: Node<'_>) -> Result<(), Refusal> {
    const ALONE: Refusal = "a starred expression alone";
    let mut whole = node.named_child(0).unwrap_or(node);
    // `*a.b` and `*a or b`: the star belongs to the whole, the grammar says otherwise.
    while STARRED_WHOLE.contains(&parent.kind()) && parent.start_byte() == node.start_byte() {
        whole = parent;
        parent = parent.parent().ok_or(ALONE)?;
    }
    if is_loose(whole) && parent.kind() != "argument_list" {
        return Err("a starred operator outside a call");
    }
    let fine = match parent.kind() {
        "argument_list" | "list" | "set" | "tuple" | "expression_list" | "pattern_list"
        | "subscript" | "type" | "type_parameter" | "for_in_clause" => true,
        "expression_statement" => parent.child_count() > 1,
        // `f((*a))` and `(*a)` come out alike; a real tuple is a tuple.
        _ => false,
    };
    if fine { Ok(()) } else { Err(ALONE) }
}

fn yielded(node: Node<'_>, parent: Node<'_>, flow: Flow) -> Result<(), Refusal> {
    if !flow.in_function() {
        return Err("yield outside a function");
    }
    if flow.in_comprehension {
        return Err("yield in a comprehension");
    }
    if flow.is_async && node.child(1).is_some_and(|second| second.kind() == "from") {
        return Err("yield from in an async function");
    }
    match parent.kind() {
        "expression_statement"
        | "assignment"
        | "augmented_assignment"
        | "parenthesized_expression"
        | "interpolation" => Ok(()),
        _ => Err("yield without parentheses"),
    }
}

fn awaited(node: Node<'_>) -> Result<(), Refusal> {
    match node.named_child(0).map(|operand| operand.kind()) {
        Some(
            "await" | "unary_operator" | "binary_operator" | "not_operator" | "lambda"
            | "list_splat",
        ) => Err("await of an operator"),
        _ => Ok(()),
    }
}

/// A `for` of a comprehension.
pub(super) fn for_in(clause: Node<'_>, flow: Flow) -> Result<(), Refusal> {
    let is_async = clause.child(0).is_some_and(|first| first.kind() == "async");
    if is_async && !flow.is_async {
        Err("async comprehension outside an async function")
    } else {
        Ok(())
    }
}

fn as_target(node: Node<'_>, parent: Node<'_>) -> Result<(), Refusal> {
    if !matches!(
        parent.kind(),
        "with_item" | "except_clause" | "case_pattern" | "parenthesized_expression" | "tuple"
    ) {
        return Err("as where nothing is bound");
    }
    match node.child_by_field_name("alias") {
        Some(alias) if !is_target(alias) => Err("as with something that is no place"),
        _ => Ok(()),
    }
}

fn number(text: &str) -> Result<(), Refusal> {
    let octal = text.starts_with('0')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'_');
    if text.ends_with(['l', 'L']) || (octal && text.bytes().any(|byte| byte > b'0' && byte != b'_'))
    {
        return Err("a number as Python 2 wrote it");
    }
    Ok(())
}

/// Whether a string is bytes.
fn is_bytes(string: Node<'_>, source: &str) -> bool {
    source[string.byte_range()]
        .split(['"', '\''])
        .next()
        .is_some_and(|prefix| prefix.contains(['b', 'B']))
}

/// Bytes are written in ASCII.
pub(super) fn string(node: Node<'_>, source: &str) -> Result<(), Refusal> {
    if is_bytes(node, source) && !source[node.byte_range()].is_ascii() {
        Err("bytes that are not ASCII")
    } else {
        Ok(())
    }
}

/// Implicitly joined strings are all bytes or all text.
pub(super) fn strings(node: Node<'_>, source: &str) -> Result<(), Refusal> {
    let mut cursor = node.walk();
    let mut kinds = node
        .named_children(&mut cursor)
        .filter(|part| part.kind() == "string")
        .map(|part| is_bytes(part, source));
    let first = kinds.next();
    if kinds.any(|kind| Some(kind) != first) {
        Err("bytes joined with text")
    } else {
        Ok(())
    }
}

/// Before Python 3.12, what stands in a replacement field has no backslash and not the string's own quotes.
pub(super) fn interpolation(
    node: Node<'_>,
    string: Node<'_>,
    visitor: &Visitor<'_, '_>,
) -> Result<(), Refusal> {
    if visitor.touched.is_none() || !visitor.touches(node) {
        return Ok(());
    }
    let quote = |string: Node<'_>| {
        let start = string.child(0).map_or("", |start| visitor.text(start));
        start.trim_start_matches(|prefix: char| prefix.is_alphabetic())
    };
    let outer = quote(string);
    let text = visitor.text(node);
    if text.contains('\\')
        || (!outer.is_empty()
            && inner_strings(node)
                .into_iter()
                .any(|inner| clashes(quote(inner), outer)))
    {
        return Err("quotes or a backslash in a replacement field");
    }
    Ok(())
}

fn clashes(inner: &str, outer: &str) -> bool {
    inner == outer || (outer.len() == 1 && inner.starts_with(outer))
}

fn inner_strings(node: Node<'_>) -> Vec<Node<'_>> {
    let mut found = Vec::new();
    let mut cursor = node.walk();
    for child in node.named_children(&mut cursor) {
        if child.kind() == "string" {
            found.push(child);
        }
        if rule(child) != Rule::Text {
            found.extend(inner_strings(child));
        }
    }
    found
}
