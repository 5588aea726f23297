//! Bodies, targets and clauses.

use tree_sitter::Node;

use super::Refusal;
use super::flow::{Flow, Returns, Scope};
use super::rules::{Rule, rule};

fn parts(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor)
        .filter(|child| !child.is_extra())
        .collect()
}

fn has_token(node: Node<'_>, kind: &str) -> bool {
    let mut cursor = node.walk();
    node.children(&mut cursor).any(|child| child.kind() == kind)
}

/// A compound statement or one of its clauses: it has a body, and its clauses are in order.
pub(super) fn compound(node: Node<'_>, flow: Flow) -> Result<(), Refusal> {
    match node.kind() {
        "match_statement" => return cases(node),
        "try_statement" => clauses(node)?,
        "except_clause" => {
            let mut cursor = node.walk();
            if node.children_by_field_name("value", &mut cursor).count() > 1 {
                return Err("several exceptions without parentheses");
            }
        }
        "for_statement" | "with_statement" if has_token(node, "async") && !flow.is_async => {
            return Err("async statement outside an async function");
        }
        _ => {}
    }
    if let Some(left) = node.child_by_field_name("left") {
        target(left)?;
    }
    has_body(node)
}

/// The grammar takes a missing body for an empty block.
pub(super) fn has_body(node: Node<'_>) -> Result<(), Refusal> {
    let mut cursor = node.walk();
    let body = node
        .children(&mut cursor)
        .find(|child| rule(*child) == Rule::Block);
    if body.is_some() {
        Ok(())
    } else {
        Err("a compound statement without a body")
    }
}

/// A block: at least one statement, all in one column.
pub(super) fn block(node: Node<'_>) -> Result<(), Refusal> {
    let mut cursor = node.walk();
    let mut column = None;
    let mut row = None;
    for statement in node
        .named_children(&mut cursor)
        .filter(|child| !child.is_extra())
    {
        let place = statement.start_position();
        if row != Some(place.row) {
            if column.is_some_and(|column| column != place.column) {
                return Err("statements of a block in different columns");
            }
            column = Some(place.column);
        }
        row = Some(statement.end_position().row);
    }
    if column.is_some() {
        Ok(())
    } else {
        Err("a block without statements")
    }
}

fn clauses(node: Node<'_>) -> Result<(), Refusal> {
    let clauses = parts(node);
    let excepts: Vec<_> = clauses
        .iter()
        .filter(|clause| clause.kind() == "except_clause")
        .collect();
    let has = |kind: &str| clauses.iter().any(|clause| clause.kind() == kind);
    if excepts.is_empty() && (!has("finally_clause") || has("else_clause")) {
        return Err("try without except");
    }
    let is_bare = |clause: &&Node<'_>| clause.child_by_field_name("value").is_none();
    if excepts.iter().rev().skip(1).any(is_bare) {
        return Err("a bare except before others");
    }
    Ok(())
}

fn cases(node: Node<'_>) -> Result<(), Refusal> {
    let cases = node
        .child_by_field_name("body")
        .map(parts)
        .unwrap_or_default();
    let Some((_, others)) = cases.split_last() else {
        return Err("match without cases");
    };
    let catches_all = |case: &Node<'_>| {
        let patterns: Vec<_> = parts(*case)
            .into_iter()
            .filter(|part| part.kind() == "case_pattern")
            .collect();
        let [pattern] = patterns[..] else {
            return false;
        };
        let is_name = match pattern.named_child(0) {
            None => true,
            Some(only) => only.kind() == "dotted_name" && only.named_child_count() == 1,
        };
        is_name && pattern.child_count() == 1 && case.child_by_field_name("guard").is_none()
    };
    if others.iter().any(catches_all) {
        return Err("a case that catches all before others");
    }
    Ok(())
}

/// An assignment, augmented or annotated or plain.
pub(super) fn assignment(node: Node<'_>) -> Result<(), Refusal> {
    let Some(left) = node.child_by_field_name("left") else {
        return Ok(());
    };
    let single = matches!(left.kind(), "identifier" | "attribute" | "subscript")
        || (left.kind() == "tuple_pattern" && left.child_count() == 3);
    if !single
        && (node.kind() == "augmented_assignment" || node.child_by_field_name("type").is_some())
    {
        return Err("several targets where one is allowed");
    }
    match node.child_by_field_name("right") {
        Some(right) if right.kind() == "augmented_assignment" => {
            return Err("an augmented assignment as a value");
        }
        Some(right) if right.kind() == "assignment" && node.kind() == "augmented_assignment" => {
            return Err("a chained augmented assignment");
        }
        _ => {}
    }
    target(left)
}

fn target(node: Node<'_>) -> Result<(), Refusal> {
    match node.kind() {
        "list_splat_pattern" => Err("a starred target alone"),
        "pattern_list" | "tuple_pattern" | "list_pattern" => {
            let mut stars = 0;
            for part in parts(node) {
                if part.kind() == "list_splat_pattern" {
                    stars += 1;
                } else {
                    target(part)?;
                }
            }
            if stars > 1 {
                Err("two starred targets")
            } else {
                Ok(())
            }
        }
        _ => Ok(()),
    }
}

/// `return`: not everywhere, and not always with a value.
pub(super) fn returned(node: Node<'_>, flow: Flow) -> Result<(), Refusal> {
    match flow.returns {
        _ if flow.scope != Scope::Function => Err("return outside a function"),
        Returns::Never => Err("return in except*"),
        Returns::Nothing if !parts(node).is_empty() => {
            Err("return of a value in an async generator")
        }
        Returns::Values | Returns::Nothing => Ok(()),
    }
}

/// Whether an expression may be bound by `as`.
pub(super) fn is_target(node: Node<'_>) -> bool {
    match node.kind() {
        "tuple" | "list" | "parenthesized_expression" | "as_pattern_target" => {
            let is_single = node.kind() == "parenthesized_expression";
            parts(node).into_iter().all(|part| match part.kind() {
                "list_splat" if !is_single => parts(part).into_iter().all(is_target),
                _ => is_target(part),
            })
        }
        _ => is_place(node),
    }
}

/// Whether an expression may be deleted.
fn is_place(node: Node<'_>) -> bool {
    match node.kind() {
        "identifier" | "attribute" | "subscript" => true,
        "tuple" | "list" | "parenthesized_expression" | "expression_list" => {
            parts(node).into_iter().all(is_place)
        }
        _ => false,
    }
}

/// `del` takes names, attributes and elements.
pub(super) fn delete(node: Node<'_>) -> Result<(), Refusal> {
    if parts(node).into_iter().all(is_place) {
        Ok(())
    } else {
        Err("del of something that is no place")
    }
}

/// `print x` and `exec x`; `print >> x, y` is a tuple to Python 3.
pub(super) fn python2(node: Node<'_>) -> Result<(), Refusal> {
    if has_token(node, "chevron") {
        Ok(())
    } else {
        Err("a Python 2 statement")
    }
}

/// `raise A, "b"` was Python 2.
pub(super) fn raise(node: Node<'_>) -> Result<(), Refusal> {
    if has_token(node, "expression_list") {
        Err("raise of several values")
    } else {
        Ok(())
    }
}
