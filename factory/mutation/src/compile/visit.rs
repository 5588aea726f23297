//! The walk over a tree that carries what is allowed where.

use std::ops::Range;

use tree_sitter::Node;

use super::flow::{Flow, Scope};
use super::rules::{Rule, rule};
use super::{Refusal, expressions, names, signature, statements};

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
        flow: Flow,
    ) -> Result<(), Refusal> {
        let kind = rule(node);
        match kind {
            Rule::Text => return Ok(()),
            Rule::Function => return self.function(node, flow),
            Rule::Class if !self.touches(node) && flow.scope != Scope::Function => return Ok(()),
            Rule::Comprehension | Rule::Generator => return self.comprehension(node, kind, flow),
            Rule::Class | Rule::Compound | Rule::Loop => statements::compound(node, flow)?,
            Rule::Block => statements::block(node)?,
            Rule::Parameters => signature::parameters(node, self.source)?,
            Rule::Arguments => signature::arguments(node, self.source)?,
            Rule::Return => statements::returned(node, flow)?,
            Rule::Jump if !flow.in_loop => return Err("break or continue outside a loop"),
            Rule::Assignment => statements::assignment(node)?,
            Rule::Delete => statements::delete(node)?,
            Rule::Raise => statements::raise(node)?,
            Rule::Global | Rule::Nonlocal => {
                names::declaration(node, kind, &self.functions, flow, self.source)?;
            }
            Rule::Wildcard if flow.scope != Scope::Module => {
                return Err("import * below module level");
            }
            Rule::Python2 => statements::python2(node)?,
            Rule::String => expressions::string(node, self.source)?,
            Rule::Strings => expressions::strings(node, self.source)?,
            Rule::Interpolation => expressions::interpolation(node, parent, self)?,
            _ => expressions::placement(node, kind, parent, flow, self.source)?,
        }
        self.walk(node, flow)
    }

    pub(super) fn children(&mut self, node: Node<'t>, flow: Flow) -> Result<(), Refusal> {
        self.walk(node, flow)
    }

    fn walk(&mut self, node: Node<'t>, flow: Flow) -> Result<(), Refusal> {
        if node.child_count() == 0 {
            return Ok(());
        }
        let mut cursor = node.walk();
        cursor.goto_first_child();
        loop {
            let child = cursor.node();
            if child.is_named() {
                self.node(child, node, flow.below(node, child))?;
            }
            if !cursor.goto_next_sibling() {
                return Ok(());
            }
        }
    }

    /// Only the children that the change touches.
    pub(super) fn touched_children(&mut self, node: Node<'t>, flow: Flow) -> Result<(), Refusal> {
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
                self.node(child, node, flow.below(node, child))?;
            }
            if !cursor.goto_next_sibling() {
                return Ok(());
            }
        }
    }

    fn function(&mut self, node: Node<'t>, flow: Flow) -> Result<(), Refusal> {
        if self.functions.is_empty() && !self.touches(node) {
            return Ok(());
        }
        statements::has_body(node)?;
        let inside = Flow::of_function(node, self.source);
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

    /// What the first `for` runs over belongs to the code around, all else to the comprehension.
    fn comprehension(&mut self, node: Node<'t>, kind: Rule, flow: Flow) -> Result<(), Refusal> {
        let inside = flow.in_comprehension(kind);
        let mut cursor = node.walk();
        let parts: Vec<_> = node.named_children(&mut cursor).collect();
        let first = parts
            .iter()
            .find(|part| rule(**part) == Rule::ForIn)
            .copied();
        for part in parts {
            if Some(part) == first {
                expressions::for_in(part, inside)?;
                let source = part.child_by_field_name("right");
                let mut cursor = part.walk();
                for child in part.named_children(&mut cursor) {
                    let flow = if Some(child) == source { flow } else { inside };
                    self.node(child, part, flow)?;
                }
            } else {
                self.node(part, node, inside)?;
            }
        }
        Ok(())
    }
}
