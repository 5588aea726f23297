//! SWE-smith's removals: an assignment, a condition, a loop, a `try` or `with`.
//!
//! It deletes nodes of the concrete tree and leaves blocks that do not compile; here an emptied block gets
//! `pass`. Its condition (complexity of at least 3) is dropped. Statements outside functions are left: a
//! module that cannot be imported is no task.

use tree_sitter::Node;

use super::rule::Rule;
use super::syntax::{drop_statement, indentation, is_multiline, parts};
use crate::context::Context;
use crate::operator::{Edit, Sites};

pub(crate) static ASSIGN: Rule = Rule {
    name: "func_pm_remove_assign",
    summary: "an assignment is gone",
    kinds: &["expression_statement"],
    sites: assign,
};

pub(crate) static COND: Rule = Rule {
    name: "func_pm_remove_cond",
    summary: "an `if` is gone, or one of its `elif` and `else` branches",
    kinds: &["if_statement"],
    sites: cond,
};

pub(crate) static LOOP: Rule = Rule {
    name: "func_pm_remove_loop",
    summary: "a `for` or `while` loop is gone",
    kinds: &["for_statement", "while_statement"],
    sites: |node, context, sites| {
        if context.function().is_some() {
            sites.one(drop_statement(node, context));
        }
    },
};

pub(crate) static WRAPPER: Rule = Rule {
    name: "func_pm_remove_wrapper",
    summary: "a `try` or `with` is gone: only around its body, or with it",
    kinds: &["try_statement", "with_statement"],
    sites: wrapper,
};

fn assign<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let Some(assignment) = node.named_child(0) else {
        return;
    };
    let assigns = match assignment.kind() {
        "augmented_assignment" => true,
        "assignment" => assignment.child_by_field_name("right").is_some(),
        _ => false,
    };
    if assigns && context.function().is_some() {
        sites.one(drop_statement(node, context));
    }
}

fn cond<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    if context.function().is_none() {
        return;
    }
    sites.one(drop_statement(node, context));
    let mut before = node.child_by_field_name("consequence");
    let mut cursor = node.walk();
    for branch in node.children_by_field_name("alternative", &mut cursor) {
        if let Some(previous) = before {
            sites.one(Edit::remove(previous.end_byte()..branch.end_byte()));
        }
        before = Some(branch);
    }
}

fn wrapper<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    if context.function().is_none() {
        return;
    }
    // A body that uses the name of `with … as name` would only raise a NameError.
    let binds = node.kind() == "with_statement"
        && node
            .named_child(0)
            .is_some_and(|clause| context.text(clause).contains(" as "));
    if !binds && let Some(edits) = unwrap(node, context) {
        sites.several(edits);
    }
    sites.one(drop_statement(node, context));
}

/// Keeps the body alone, one level further out. Lines inside strings stay as they are.
fn unwrap<'a>(node: Node<'a>, context: &Context<'a>) -> Option<Vec<Edit<'a>>> {
    let body = node.child_by_field_name("body")?;
    let (first, last) = (*parts(body).first()?, *parts(body).last()?);
    let outer = indentation(node, context)?;
    let mut edits = vec![Edit::remove(node.start_byte()..first.start_byte())];
    if is_multiline(body, context) {
        let extra = indentation(first, context)?.strip_prefix(outer)?.len();
        let strings = strings_over_lines(body);
        let inside = &context.source[first.start_byte()..last.end_byte()];
        for (newline, _) in inside.match_indices('\n') {
            let line = first.start_byte() + newline + 1;
            let white = context.source[line..].len()
                - context.source[line..].trim_start_matches([' ', '\t']).len();
            if !strings.iter().any(|string| string.contains(&line)) {
                let start = line + outer.len().min(white);
                edits.push(Edit::remove(start..(start + extra).min(line + white)));
            }
        }
    }
    edits.push(Edit::remove(last.end_byte()..node.end_byte()));
    Some(edits)
}

fn strings_over_lines(node: Node<'_>) -> Vec<std::ops::Range<usize>> {
    if node.start_position().row == node.end_position().row {
        return Vec::new();
    }
    if node.kind() == "string" {
        return vec![node.byte_range()];
    }
    parts(node)
        .into_iter()
        .flat_map(strings_over_lines)
        .collect()
}
