//! `global` and `nonlocal`: what must and what must not be there before them.

use tree_sitter::Node;

use super::Refusal;
use super::flow::{Flow, Scope};
use super::rules::{Rule, rule};
use super::signature::name_of;

/// A `global` or `nonlocal` statement.
pub(super) fn declaration(
    node: Node<'_>,
    kind: Rule,
    functions: &[Node<'_>],
    flow: Flow,
    source: &str,
) -> Result<(), Refusal> {
    let Some((function, around)) = functions.split_last() else {
        return if kind == Rule::Nonlocal {
            Err("nonlocal at module level")
        } else {
            Ok(())
        };
    };
    // A class body is no function of its own.
    let around = if flow.scope == Scope::Class {
        functions
    } else {
        around
    };
    let mut cursor = node.walk();
    for name in node
        .named_children(&mut cursor)
        .filter(|name| !name.is_extra())
        .map(|name| &source[name.byte_range()])
    {
        // The compiler binds `__class__` around every method.
        let is_bound =
            name == "__class__" || around.iter().any(|outer| binds(*outer, name, source));
        if kind == Rule::Nonlocal && !is_bound {
            return Err("nonlocal without a binding around");
        }
        if flow.scope == Scope::Class {
            continue;
        }
        if is_parameter(*function, name, source) {
            return Err("a parameter declared global or nonlocal");
        }
        let body = function.child_by_field_name("body");
        if body.is_some_and(|body| uses_before(body, name, node.start_byte(), source)) {
            return Err("a name used before it is declared global or nonlocal");
        }
    }
    Ok(())
}

fn is_parameter(function: Node<'_>, name: &str, source: &str) -> bool {
    let Some(parameters) = function.child_by_field_name("parameters") else {
        return false;
    };
    let mut cursor = parameters.walk();
    parameters
        .named_children(&mut cursor)
        .any(|parameter| name_of(parameter, source) == name)
}

fn uses_before(node: Node<'_>, name: &str, end: usize, source: &str) -> bool {
    if node.start_byte() >= end {
        return false;
    }
    if node.kind() == "identifier" {
        return &source[node.byte_range()] == name;
    }
    if matches!(rule(node), Rule::Comprehension | Rule::Generator) {
        // A scope of its own, but for what its first `for` runs over.
        let mut cursor = node.walk();
        let first = node
            .named_children(&mut cursor)
            .find(|part| rule(*part) == Rule::ForIn);
        return first
            .and_then(|clause| clause.child_by_field_name("right"))
            .is_some_and(|over| uses_before(over, name, end, source));
    }
    let mut cursor = node.walk();
    node.named_children(&mut cursor)
        .any(|child| match (node.kind(), child.kind()) {
            // Other scopes, members and keywords are other names.
            ("function_definition" | "class_definition", "block")
            | ("lambda", _)
            | (_, "global_statement" | "nonlocal_statement") => false,
            ("attribute", "identifier") => {
                node.child_by_field_name("attribute") != Some(child)
                    && uses_before(child, name, end, source)
            }
            ("keyword_argument", "identifier") => {
                node.child_by_field_name("name") != Some(child)
                    && uses_before(child, name, end, source)
            }
            _ => uses_before(child, name, end, source),
        })
}

/// Whether a function binds a name in its own scope.
fn binds(function: Node<'_>, name: &str, source: &str) -> bool {
    is_parameter(function, name, source)
        || function
            .child_by_field_name("body")
            .is_some_and(|body| binds_in(body, name, source))
}

fn binds_in(node: Node<'_>, name: &str, source: &str) -> bool {
    let field = match node.kind() {
        "assignment" | "augmented_assignment" | "for_statement" => "left",
        "named_expression" => "name",
        "as_pattern" | "except_clause" | "aliased_import" => "alias",
        "function_definition" | "class_definition" => {
            return node
                .child_by_field_name("name")
                .is_some_and(|own| &source[own.byte_range()] == name);
        }
        "import_statement"
        | "import_from_statement"
        | "nonlocal_statement"
        | "delete_statement"
        | "case_pattern" => {
            return mentions(node, name, source);
        }
        _ => "",
    };
    let target = if field.is_empty() {
        None
    } else {
        node.child_by_field_name(field)
    };
    if target.is_some_and(|target| mentions(target, name, source)) {
        return true;
    }
    let mut cursor = node.walk();
    node.named_children(&mut cursor)
        .any(|child| binds_in(child, name, source))
}

/// Whether a target binds a name.
pub(super) fn mentions(node: Node<'_>, name: &str, source: &str) -> bool {
    if node.kind() == "identifier" {
        return &source[node.byte_range()] == name;
    }
    if matches!(node.kind(), "attribute" | "subscript") {
        return false;
    }
    let mut cursor = node.walk();
    node.named_children(&mut cursor)
        .any(|child| mentions(child, name, source))
}
