//! Where an expression may stand without parentheses, and what strings may be joined.

use tree_sitter::Node;

use super::Refusal;
use super::statements::is_place;
use super::visit::{Flow, Rule, Visitor, rule};

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
    flow: Flow<'_>,
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
        Rule::Walrus => walrus(node, parent, flow),
        Rule::Star => star(parent),
        Rule::Yield => yielded(node, parent, flow),
        Rule::Await if !flow.is_async && !flow.in_comprehension => {
            Err("await outside an async function")
        }
        Rule::Await => awaited(node),
        Rule::Comprehension | Rule::ForIn => comprehension(node, flow),
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

fn walrus(node: Node<'_>, parent: Node<'_>, flow: Flow<'_>) -> Result<(), Refusal> {
    let fine = match parent.kind() {
        "parenthesized_expression"
        | "argument_list"
        | "list"
        | "set"
        | "tuple"
        | "if_clause"
        | "decorator" => true,
        "list_comprehension" | "set_comprehension" | "generator_expression" => true,
        "if_statement" | "elif_clause" | "while_statement" | "match_statement" => true,
        "subscript" => is_index(node, parent),
        _ => false,
    };
    if !fine {
        return Err(":= without parentheses");
    }
    if flow.in_comprehension && flow.in_class {
        return Err(":= in a comprehension in a class body");
    }
    Ok(())
}

fn star(parent: Node<'_>) -> Result<(), Refusal> {
    let fine = match parent.kind() {
        "argument_list" | "list" | "set" | "tuple" | "expression_list" | "pattern_list"
        | "subscript" => true,
        "type" | "type_parameter" | "for_in_clause" => true,
        // `f((*a))` and `(*a)` come out alike; a real tuple is a tuple.
        "parenthesized_expression" => false,
        "expression_statement" => parent.child_count() > 1,
        // `*a or b`: the star belongs to the whole, the grammar says otherwise.
        "boolean_operator"
        | "comparison_operator"
        | "binary_operator"
        | "conditional_expression" => true,
        _ => false,
    };
    if fine {
        Ok(())
    } else {
        Err("a starred expression alone")
    }
}

fn yielded(node: Node<'_>, parent: Node<'_>, flow: Flow<'_>) -> Result<(), Refusal> {
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

fn comprehension(node: Node<'_>, flow: Flow<'_>) -> Result<(), Refusal> {
    let is_async = node.kind() == "for_in_clause"
        && node.child(0).is_some_and(|first| first.kind() == "async");
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
        Some(alias) if !is_place(alias) => Err("as with something that is no place"),
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

/// Implicitly joined strings are all bytes or all text.
pub(super) fn strings(node: Node<'_>, source: &str) -> Result<(), Refusal> {
    let mut cursor = node.walk();
    let is_bytes = |string: Node<'_>| {
        let text = &source[string.byte_range()];
        text.split(['"', '\''])
            .next()
            .is_some_and(|prefix| prefix.contains(['b', 'B']))
    };
    let mut kinds = node
        .named_children(&mut cursor)
        .filter(|part| part.kind() == "string")
        .map(is_bytes);
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
