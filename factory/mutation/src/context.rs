//! What an operator may know about the place it looks at. The engine fills this in as it walks.

use tree_sitter::Node;

use crate::entity::Entities;

/// The file and the scopes around the current node.
#[derive(Debug)]
pub struct Context<'a> {
    /// The whole file; always UTF-8 (other files are left alone).
    pub source: &'a str,
    /// The enclosing definitions, outermost first; empty at module level.
    pub scopes: Vec<Scope<'a>>,
    /// The nodes above the current node, outermost (`module`) first.
    pub parents: Vec<Node<'a>>,
    pub(crate) entities: &'a Entities,
}

/// One enclosing function, method or class.
#[derive(Clone, Debug)]
pub struct Scope<'a> {
    /// Its `function_definition` or `class_definition` node.
    pub node: Node<'a>,
    /// Its name.
    pub name: &'a str,
    /// Whether it is a class.
    pub is_class: bool,
    /// Whether it is an `async def`.
    pub is_async: bool,
    /// SWE-smith's complexity: 1 + if, while, for + (boolean operands − 1) + except handlers + comparisons.
    pub complexity: u32,
}

impl<'a> Context<'a> {
    /// The text of a node.
    pub fn text(&self, node: Node<'_>) -> &'a str {
        &self.source[node.byte_range()]
    }

    /// The innermost enclosing function, if the node is in one (a class inside it hides it).
    pub fn function(&self) -> Option<&Scope<'a>> {
        self.scopes.last().filter(|scope| !scope.is_class)
    }

    /// The innermost enclosing class, through functions.
    pub fn class(&self) -> Option<&Scope<'a>> {
        self.scopes.iter().rev().find(|scope| scope.is_class)
    }

    /// The node above the current one; cheaper than [`Node::parent`], which searches from the root.
    pub fn parent(&self) -> Option<Node<'a>> {
        self.parents.last().copied()
    }

    /// The complexity of a function or class definition, as in [`Scope::complexity`].
    pub fn complexity(&self, definition: Node<'_>) -> u32 {
        self.entities.complexity(definition)
    }
}
