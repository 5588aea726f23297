//! The walk over a tree that carries what is allowed where.

use std::ops::Range;
use std::sync::LazyLock;

use tree_sitter::Node;

use super::{Refusal, expressions, names, signature, statements};
use crate::grammar::KindTable;

/// The node kinds that have rules.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
pub(crate) enum Rule {
    #[default]
    Free,
    Function,
    Class,
    Decorated,
    Block,
    /// `if`, `elif`, `else`, `try`, `except`, `finally`, `with`, `match`, `case`.
    Compound,
    Loop,
    Lambda,
    Comprehension,
    ForIn,
    Parameters,
    Arguments,
    Return,
    Jump,
    Yield,
    Await,
    Assignment,
    Delete,
    Raise,
    Global,
    Nonlocal,
    Wildcard,
    Python2,
    Not,
    Conditional,
    Walrus,
    Star,
    As,
    Comparison,
    Number,
    Strings,
    Interpolation,
    Text,
}

static RULES: LazyLock<KindTable<Rule>> = LazyLock::new(|| {
    KindTable::new(|kind| match kind {
        "function_definition" => Rule::Function,
        "class_definition" => Rule::Class,
        "decorated_definition" => Rule::Decorated,
        "block" => Rule::Block,
        "if_statement" | "elif_clause" | "else_clause" | "try_statement" | "except_clause"
        | "finally_clause" | "with_statement" | "match_statement" | "case_clause" => Rule::Compound,
        "for_statement" | "while_statement" => Rule::Loop,
        "lambda" => Rule::Lambda,
        "list_comprehension"
        | "set_comprehension"
        | "dictionary_comprehension"
        | "generator_expression" => Rule::Comprehension,
        "for_in_clause" => Rule::ForIn,
        "parameters" | "lambda_parameters" => Rule::Parameters,
        "argument_list" => Rule::Arguments,
        "return_statement" => Rule::Return,
        "break_statement" | "continue_statement" => Rule::Jump,
        "yield" => Rule::Yield,
        "await" => Rule::Await,
        "assignment" | "augmented_assignment" => Rule::Assignment,
        "delete_statement" => Rule::Delete,
        "raise_statement" => Rule::Raise,
        "global_statement" => Rule::Global,
        "nonlocal_statement" => Rule::Nonlocal,
        "wildcard_import" => Rule::Wildcard,
        "print_statement" | "exec_statement" => Rule::Python2,
        "not_operator" => Rule::Not,
        "conditional_expression" => Rule::Conditional,
        "named_expression" => Rule::Walrus,
        "list_splat" => Rule::Star,
        "as_pattern" => Rule::As,
        "comparison_operator" => Rule::Comparison,
        "integer" => Rule::Number,
        "concatenated_string" => Rule::Strings,
        "interpolation" => Rule::Interpolation,
        "string_content" | "comment" => Rule::Text,
        _ => Rule::Free,
    })
});

pub(crate) fn rule(node: Node<'_>) -> Rule {
    RULES.get(node)
}

impl Rule {
    /// Whether statements stand directly inside.
    pub(crate) fn holds_statements(self) -> bool {
        matches!(
            self,
            Self::Class | Self::Decorated | Self::Block | Self::Compound | Self::Loop
        )
    }
}

/// What surrounds a node.
#[derive(Clone, Copy, Default)]
pub(crate) struct Flow<'t> {
    /// The innermost function, unless a class hides it.
    pub(super) function: Option<Node<'t>>,
    pub(super) is_async: bool,
    pub(super) in_lambda: bool,
    pub(super) in_loop: bool,
    pub(super) in_comprehension: bool,
    pub(super) in_class: bool,
}

impl<'t> Flow<'t> {
    /// What surrounds the statements of a function.
    pub(crate) fn of_function(function: Node<'t>) -> Self {
        Self {
            function: Some(function),
            is_async: function
                .child(0)
                .is_some_and(|first| first.kind() == "async"),
            ..Self::default()
        }
    }

    /// What surrounds `child`, which stands directly in a node of kind `parent`.
    pub(crate) fn below(self, parent: Rule, child: Node<'t>) -> Self {
        let is_body = rule(child) == Rule::Block;
        match parent {
            Rule::Loop if is_body => Self {
                in_loop: true,
                ..self
            },
            Rule::Class if is_body => Self {
                in_class: true,
                ..Self::default()
            },
            Rule::Comprehension => Self {
                in_comprehension: true,
                ..self
            },
            Rule::Lambda => Self {
                is_async: false,
                in_lambda: true,
                in_comprehension: false,
                in_class: false,
                ..self
            },
            _ => self,
        }
    }

    pub(super) fn in_function(self) -> bool {
        self.function.is_some() || self.in_lambda
    }
}

/// Walks a tree and stops at the first thing that CPython would refuse.
pub(super) struct Visitor<'t, 's> {
    pub(super) source: &'s str,
    /// What a change touches; functions elsewhere are not looked at again.
    pub(super) touched: Option<Range<usize>>,
    /// The functions around the current node, outermost first.
    pub(super) functions: Vec<Node<'t>>,
}

impl<'t, 's> Visitor<'t, 's> {
    pub(super) fn new(source: &'s str, touched: Option<Range<usize>>) -> Self {
        Self {
            source,
            touched,
            functions: Vec::new(),
        }
    }

    pub(super) fn text(&self, node: Node<'_>) -> &'s str {
        &self.source[node.byte_range()]
    }

    pub(super) fn touches(&self, node: Node<'_>) -> bool {
        self.touched.as_ref().is_none_or(|touched| {
            node.start_byte() <= touched.end && touched.start <= node.end_byte()
        })
    }

    pub(super) fn node(
        &mut self,
        node: Node<'t>,
        parent: Node<'t>,
        flow: Flow<'t>,
    ) -> Result<(), Refusal> {
        let kind = rule(node);
        match kind {
            Rule::Text => return Ok(()),
            Rule::Function => return self.function(node, flow),
            Rule::Class if !self.touches(node) && flow.function.is_none() => return Ok(()),
            Rule::Class | Rule::Compound | Rule::Loop => statements::compound(node, flow)?,
            Rule::Block => statements::block(node)?,
            Rule::Parameters => signature::parameters(node, self.source)?,
            Rule::Arguments => signature::arguments(node, self.source)?,
            Rule::Return if flow.function.is_none() => return Err("return outside a function"),
            Rule::Return => {}
            Rule::Jump if !flow.in_loop => return Err("break or continue outside a loop"),
            Rule::Assignment => statements::assignment(node)?,
            Rule::Delete => statements::delete(node)?,
            Rule::Raise => statements::raise(node)?,
            Rule::Global | Rule::Nonlocal => {
                names::declaration(node, kind, &self.functions, flow, self.source)?
            }
            Rule::Wildcard if flow.function.is_some() || flow.in_class => {
                return Err("import * below module level");
            }
            Rule::Python2 => return Err("a Python 2 statement"),
            Rule::Strings => expressions::strings(node, self.source)?,
            Rule::Interpolation => expressions::interpolation(node, parent, self)?,
            _ => expressions::placement(node, kind, parent, flow, self.source)?,
        }
        self.walk(node, kind, flow)
    }

    pub(super) fn children(&mut self, node: Node<'t>, flow: Flow<'t>) -> Result<(), Refusal> {
        self.walk(node, rule(node), flow)
    }

    fn walk(&mut self, node: Node<'t>, kind: Rule, flow: Flow<'t>) -> Result<(), Refusal> {
        if node.child_count() == 0 {
            return Ok(());
        }
        let mut cursor = node.walk();
        cursor.goto_first_child();
        loop {
            let child = cursor.node();
            if child.is_named() {
                self.node(child, node, flow.below(kind, child))?;
            }
            if !cursor.goto_next_sibling() {
                return Ok(());
            }
        }
    }

    /// Only the children that the change touches.
    pub(super) fn touched_children(
        &mut self,
        node: Node<'t>,
        flow: Flow<'t>,
    ) -> Result<(), Refusal> {
        let mut cursor = node.walk();
        let from = self
            .touched
            .as_ref()
            .map_or(0, |touched| touched.start.saturating_sub(1));
        if cursor.goto_first_child_for_byte(from).is_none() {
            return Ok(());
        }
        loop {
            let child = cursor.node();
            if !self.touches(child) && child.start_byte() > from {
                return Ok(());
            }
            if child.is_named() {
                self.node(child, node, flow.below(rule(node), child))?;
            }
            if !cursor.goto_next_sibling() {
                return Ok(());
            }
        }
    }

    fn function(&mut self, node: Node<'t>, flow: Flow<'t>) -> Result<(), Refusal> {
        if self.functions.is_empty() && !self.touches(node) {
            return Ok(());
        }
        statements::has_body(node)?;
        let inside = Flow::of_function(node);
        let mut cursor = node.walk();
        cursor.goto_first_child();
        loop {
            let child = cursor.node();
            if rule(child) == Rule::Block {
                self.functions.push(node);
                let result = self.node(child, node, inside);
                self.functions.pop();
                result?;
            } else if child.is_named() {
                self.node(child, node, flow)?;
            }
            if !cursor.goto_next_sibling() {
                return Ok(());
            }
        }
    }
}
