//! `global` and `nonlocal`: what must and what must not be there before them.

use tree_sitter::Node;

use super::Refusal;
use super::signature::name_of;
use super::visit::{Flow, Rule};

/// A `global` or `nonlocal` statement.
pub(super) fn declaration(
    node: Node<'_>,
    kind: Rule,
    functions: &[Node<'_>],
    flow: Flow<'_>,
    source: &str,
) -> Result<(), Refusal> {
    let Some((function, around)) = functions.split_last() else {
        return if kind == Rule::Nonlocal {
            Err("nonlocal at module level")
        } else {
            Ok(())
        };
    };
    let mut cursor = node.walk();
    for name in node
        .named_children(&mut cursor)
        .map(|name| &source[name.byte_range()])
    {
        if kind == Rule::Nonlocal && !around.iter().any(|outer| binds(*outer, name, source)) {
            return Err("nonlocal without a binding around");
        }
        if flow.in_class {
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
    let mut cursor = node.walk();
    node.named_children(&mut cursor)
        .any(|child| match (node.kind(), child.kind()) {
            // Other scopes, members and keywords are other names.
            ("function_definition" | "lambda" | "class_definition", "block") => false,
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

fn mentions(node: Node<'_>, name: &str, source: &str) -> bool {
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
