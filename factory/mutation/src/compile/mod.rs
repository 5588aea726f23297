//! What tree-sitter's grammar accepts and CPython's compiler refuses.
//!
//! The grammar is lenient: `return` at module level, an empty block, a positional argument after a keyword
//! are all fine with it. [`check_file`] looks at a whole file, so that Python 2 and broken files are left
//! alone; [`check_change`] looks at the outermost function around a change, or at the statements that it
//! touches where it is in none.

mod expressions;
mod flow;
mod names;
mod rules;
mod signature;
mod statements;
mod visit;

use std::ops::Range;

use tree_sitter::Node;

use crate::canonical::Change;
pub(crate) use flow::Flow;
pub(crate) use rules::{Rule, rule};
use visit::Visitor;

/// Why CPython would not compile it.
pub(crate) type Refusal = &'static str;

/// Checks every statement of a file.
pub(crate) fn check_file(root: Node<'_>, source: &str) -> Result<(), Refusal> {
    let mut visitor = Visitor::new(source, None);
    visitor.children(root, Flow::default())?;
    futures_first(root)
}

/// `from __future__` may only follow the docstring and its like.
fn futures_first(root: Node<'_>) -> Result<(), Refusal> {
    let mut cursor = root.walk();
    let mut begun = false;
    for (place, statement) in root
        .named_children(&mut cursor)
        .filter(|node| !node.is_extra())
        .enumerate()
    {
        match statement.kind() {
            "future_import_statement" if begun => {
                return Err("a __future__ import after other statements");
            }
            "future_import_statement" => {}
            "expression_statement" if place == 0 => {}
            _ => begun = true,
        }
    }
    Ok(())
}

/// Checks what a change may have broken.
pub(crate) fn check_change(root: Node<'_>, source: &str, change: &Change) -> Result<(), Refusal> {
    let touched = change.start..change.new_end;
    let mut visitor = Visitor::new(source, Some(touched.clone()));
    let mut flow = Flow::default();
    let mut node = root;
    loop {
        let mut cursor = node.walk();
        let inner = cursor
            .goto_first_child_for_byte(touched.start)
            .map(|_| cursor.node());
        let inner = inner
            .filter(|inner| inner.start_byte() <= touched.start && touched.end <= inner.end_byte());
        match inner.map(|inner| (inner, rule(inner))) {
            Some((inner, Rule::Function)) => return visitor.node(inner, node, flow),
            Some((inner, kind)) if kind.holds_statements() => {
                flow = flow.below(node, inner);
                node = inner;
            }
            _ => break,
        }
    }
    match rule(node) {
        Rule::Block => {
            statements::block(node)?;
            visitor.touched_children(node, flow)
        }
        _ if node.id() == root.id() => visitor.touched_children(node, flow),
        _ => visitor.node(node, node.parent().unwrap_or(root), flow),
    }
}

/// Checks a block of statements that stand in `flow`; `touched` is what a change made of it.
pub(crate) fn check_statements(
    block: Node<'_>,
    source: &str,
    flow: Flow,
    touched: Range<usize>,
) -> Result<(), Refusal> {
    if rule(block) == Rule::Block || block.named_child_count() > 0 {
        statements::block(block)?;
    }
    let mut visitor = Visitor::new(source, Some(touched));
    let mut cursor = block.walk();
    block
        .named_children(&mut cursor)
        .try_for_each(|statement| visitor.node(statement, block, flow))
}

/// The outermost functions that declare names global or nonlocal: only there does it matter for one
/// statement what others do.
pub(crate) fn functions_with_declarations(root: Node<'_>, source: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    if source.contains("nonlocal") || source.contains("global") {
        collect_with_declarations(root, source, &mut found);
    }
    found
}

fn collect_with_declarations(node: Node<'_>, source: &str, found: &mut Vec<Range<usize>>) {
    let mut cursor = node.walk();
    for child in node.named_children(&mut cursor) {
        if rule(child) == Rule::Function {
            let text = &source[child.byte_range()];
            if text.contains("nonlocal") || text.contains("global") {
                found.push(child.byte_range());
            }
        } else if rule(child).holds_statements() {
            collect_with_declarations(child, source, found);
        }
    }
}

#[cfg(test)]
mod tests;
