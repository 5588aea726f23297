//! Places that are left alone, because a break there is no bug or none that a test could see.
//!
//! - type annotations, `type` statements and type parameters: nothing runs differently;
//! - docstrings;
//! - `if TYPE_CHECKING:` and `if __name__ == "__main__":`, the whole branch;
//! - assignments to `__all__`, `__version__` and their like: release data, not behaviour;
//! - `from __future__ import …`.

use std::sync::LazyLock;

use tree_sitter::Node;

use crate::context::Context;
use crate::grammar::KindTable;

#[derive(Clone, Copy, Default)]
enum Care {
    #[default]
    Fertile,
    Always,
    Statement,
    If,
}

static CARE: LazyLock<KindTable<Care>> = LazyLock::new(|| {
    KindTable::new(|kind| match kind {
        "type"
        | "type_parameter"
        | "type_alias_statement"
        | "future_import_statement"
        | "comment" => Care::Always,
        "expression_statement" => Care::Statement,
        "if_statement" => Care::If,
        _ => Care::Fertile,
    })
});

/// Names that hold release data or what `import *` takes.
const RELEASE_DATA: [&str; 9] = [
    "__all__",
    "__version__",
    "__version_info__",
    "__author__",
    "__email__",
    "__license__",
    "__copyright__",
    "VERSION",
    "version_info",
];

/// Whether nothing at or below this node is to be mutated.
pub(crate) fn is_arid(node: Node<'_>, field: Option<&str>, context: &Context<'_>) -> bool {
    match CARE.get(node) {
        Care::Fertile => false,
        // `type` is also the name of anonymous tokens.
        Care::Always => node.is_named() || field == Some("type"),
        Care::Statement => is_docstring(node) || is_release_data(node, context),
        Care::If => is_never_run(node, context),
    }
}

/// A statement that is nothing but a string.
fn is_docstring(statement: Node<'_>) -> bool {
    statement.named_child_count() == 1
        && statement
            .named_child(0)
            .is_some_and(|only| matches!(only.kind(), "string" | "concatenated_string"))
}

fn is_release_data(statement: Node<'_>, context: &Context<'_>) -> bool {
    context.scopes.is_empty()
        && statement
            .named_child(0)
            .filter(|inner| matches!(inner.kind(), "assignment" | "augmented_assignment"))
            .and_then(|assignment| assignment.child_by_field_name("left"))
            .is_some_and(|left| RELEASE_DATA.contains(&context.text(left)))
}

fn is_never_run(statement: Node<'_>, context: &Context<'_>) -> bool {
    let Some(condition) = statement.child_by_field_name("condition") else {
        return false;
    };
    let text = context.text(condition);
    text == "TYPE_CHECKING"
        || text.ends_with(".TYPE_CHECKING")
        || (condition.kind() == "comparison_operator"
            && text.contains("__name__")
            && text.contains("__main__"))
}
