//! What is allowed at a place, because of what surrounds it.

use tree_sitter::Node;

use super::rules::{Rule, rule};

/// What a statement stands in; a lambda holds expressions only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Scope {
    #[default]
    Module,
    Class,
    Function,
    Lambda,
}

/// What `return` may do in a function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Returns {
    #[default]
    Values,
    /// An async generator returns without a value.
    Nothing,
    /// `except*` is not left by `return`.
    Never,
}

/// What surrounds a node.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Flow {
    pub(super) scope: Scope,
    pub(super) returns: Returns,
    pub(super) is_async: bool,
    pub(super) in_loop: bool,
    pub(super) in_comprehension: bool,
}

impl Flow {
    /// What surrounds the statements of a function.
    pub(crate) fn of_function(function: Node<'_>, source: &str) -> Self {
        let is_async = function
            .child(0)
            .is_some_and(|first| first.kind() == "async");
        let yields = is_async
            && source[function.byte_range()].contains("yield")
            && function.child_by_field_name("body").is_some_and(has_yield);
        Self {
            scope: Scope::Function,
            returns: if yields {
                Returns::Nothing
            } else {
                Returns::Values
            },
            is_async,
            ..Self::default()
        }
    }

    /// What surrounds `child`, which stands directly in `parent`.
    pub(crate) fn below(self, parent: Node<'_>, child: Node<'_>) -> Self {
        let is_body = rule(child) == Rule::Block;
        match rule(parent) {
            Rule::Loop if is_body => Self {
                in_loop: true,
                ..self
            },
            Rule::Class if is_body => Self {
                scope: Scope::Class,
                ..Self::default()
            },
            Rule::Compound if is_body && is_except_star(parent) => Self {
                returns: Returns::Never,
                in_loop: false,
                ..self
            },
            Rule::Lambda => Self {
                scope: Scope::Lambda,
                is_async: false,
                in_comprehension: false,
                ..self
            },
            _ => self,
        }
    }

    /// What surrounds the parts of a comprehension, except for what its first `for` runs over.
    pub(super) fn in_comprehension(self, comprehension: Rule) -> Self {
        Self {
            in_comprehension: true,
            // A generator expression is a function of its own, and becomes async where it has to.
            is_async: self.is_async || comprehension == Rule::Generator,
            ..self
        }
    }

    pub(super) fn in_function(self) -> bool {
        matches!(self.scope, Scope::Function | Scope::Lambda)
    }
}

fn is_except_star(clause: Node<'_>) -> bool {
    clause.kind() == "except_clause" && clause.child(1).is_some_and(|second| second.kind() == "*")
}

/// Whether a function itself yields, not one inside of it.
fn has_yield(node: Node<'_>) -> bool {
    let mut cursor = node.walk();
    node.named_children(&mut cursor)
        .any(|child| match rule(child) {
            Rule::Yield => true,
            Rule::Function | Rule::Lambda => false,
            _ => has_yield(child),
        })
}
