//! Early exits: `break` for `continue`, the exit forgotten, `elif` written as `if`, a loop's `else` lost.

use tree_sitter::Node;

use super::rule::Rule;
use super::syntax::{drop_statement, indentation, parts};
use crate::context::Context;
use crate::operator::{Edit, Sites};

pub(crate) static LOOP_EXIT: Rule = Rule {
    name: "func_pm_loop_exit",
    summary: "`break` becomes `continue` and back",
    kinds: &["break_statement", "continue_statement"],
    sites: |node, _, sites| {
        let other = if node.kind() == "break_statement" {
            "continue"
        } else {
            "break"
        };
        sites.one(Edit::replace(node.byte_range(), other));
    },
};

pub(crate) static EXIT_DROP: Rule = Rule {
    name: "func_pm_exit_drop",
    summary: "an `if` keeps its body but loses the `return`, `break` or `continue` at its end",
    kinds: &["if_statement"],
    sites: exit_drop,
};

pub(crate) static ELIF_TO_IF: Rule = Rule {
    name: "func_pm_elif_to_if",
    summary: "an `elif` is written as an `if`, so that both branches may run",
    kinds: &["elif_clause"],
    sites: elif_to_if,
};

pub(crate) static LOOP_ELSE: Rule = Rule {
    name: "func_pm_loop_else_drop",
    summary: "the `else` of a loop is dropped",
    kinds: &["for_statement", "while_statement"],
    sites: |node, context, sites| {
        if let Some(clause) = node.child_by_field_name("alternative")
            && let Some(body) = node.child_by_field_name("body")
            && indentation(clause, context).is_some()
        {
            sites.one(Edit::remove(body.end_byte()..clause.end_byte()));
        }
    },
};

fn is_exit(statement: Node<'_>) -> bool {
    matches!(
        statement.kind(),
        "return_statement" | "break_statement" | "continue_statement"
    )
}

/// A body that is nothing but the exit is `func_pm_remove_cond`'s.
fn exit_drop<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    if node.next_named_sibling().is_none() {
        return; // nothing follows that the exit would have skipped
    }
    let mut cursor = node.walk();
    let branches = node
        .children(&mut cursor)
        .filter_map(|child| match child.kind() {
            "block" => Some(child),
            "elif_clause" => child.child_by_field_name("consequence"),
            "else_clause" => child.child_by_field_name("body"),
            _ => None,
        });
    for suite in branches {
        let statements = parts(suite);
        if statements.len() > 1
            && let Some(last) = statements.last().filter(|last| is_exit(**last))
        {
            sites.one(drop_statement(*last, context));
        }
    }
}

/// Where the branch before always leaves, `elif` and `if` are the same.
fn elif_to_if<'a>(node: Node<'a>, _: &Context<'a>, sites: &mut Sites<'a>) {
    let Some(before) = node.prev_named_sibling() else {
        return;
    };
    let suite = if before.kind() == "block" {
        Some(before)
    } else {
        before.child_by_field_name("consequence")
    };
    let leaves = suite
        .and_then(|suite| parts(suite).last().copied())
        .is_some_and(|last| is_exit(last) || last.kind() == "raise_statement");
    if !leaves && let Some(keyword) = node.child(0) {
        sites.one(Edit::replace(keyword.byte_range(), "if"));
    }
}
