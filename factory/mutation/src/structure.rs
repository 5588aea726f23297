//! Whether two trees of the same file before and after a change mean different things.

use std::sync::LazyLock;

use tree_sitter::{Node, Tree, TreeCursor};

use crate::canonical::Change;
use crate::grammar::KindTable;

#[derive(Clone, Copy, Default, PartialEq)]
enum Weight {
    #[default]
    Normal,
    /// Layout: comments, line continuations, separators.
    Nothing,
    /// Only what stands inside counts.
    Parentheses,
    /// Compared as text: the parts of a string do not cover it.
    Text,
}

static WEIGHTS: LazyLock<KindTable<Weight>> = LazyLock::new(|| {
    KindTable::new(|kind| match kind {
        "comment" | "line_continuation" | ";" => Weight::Nothing,
        "parenthesized_expression" => Weight::Parentheses,
        "string" => Weight::Text,
        _ => Weight::Normal,
    })
});

/// Compares the syntax from the change on; white space, comments and redundant parentheses do not count.
pub(crate) fn differs(
    old: &Tree,
    old_source: &str,
    new: &Tree,
    new_source: &str,
    change: &Change,
) -> bool {
    let (mut left, mut right) = (old.walk(), new.walk());
    let sources = (old_source, new_source);
    let has_left = left.goto_first_child_for_byte(change.start).is_some();
    let has_right = right.goto_first_child_for_byte(change.start).is_some();
    match (has_left, has_right) {
        (true, true) => !same_siblings(&mut left, &mut right, sources),
        (has_left, has_right) => has_left != has_right,
    }
}

fn same_siblings(
    left: &mut TreeCursor<'_>,
    right: &mut TreeCursor<'_>,
    sources: (&str, &str),
) -> bool {
    let mut more = (true, true);
    loop {
        while more.0 && WEIGHTS.get(left.node()) == Weight::Nothing {
            more.0 = left.goto_next_sibling();
        }
        while more.1 && WEIGHTS.get(right.node()) == Weight::Nothing {
            more.1 = right.goto_next_sibling();
        }
        match more {
            (true, true) => {}
            (false, false) => return true,
            _ => return false,
        }
        if !same(left.node(), right.node(), sources) {
            return false;
        }
        more = (left.goto_next_sibling(), right.goto_next_sibling());
    }
}

fn same(left: Node<'_>, right: Node<'_>, sources: (&str, &str)) -> bool {
    // The incremental parser shares what it did not have to parse again.
    if left.id() == right.id() {
        return true;
    }
    let (left, right) = (unwrapped(left), unwrapped(right));
    if left.kind_id() != right.kind_id() {
        return false;
    }
    if left.child_count() == 0 || right.child_count() == 0 || WEIGHTS.get(left) == Weight::Text {
        return sources.0[left.byte_range()] == sources.1[right.byte_range()];
    }
    let (mut left, mut right) = (left.walk(), right.walk());
    left.goto_first_child();
    right.goto_first_child();
    same_siblings(&mut left, &mut right, sources)
}

fn unwrapped(mut node: Node<'_>) -> Node<'_> {
    while WEIGHTS.get(node) == Weight::Parentheses {
        let mut cursor = node.walk();
        let inner = node
            .named_children(&mut cursor)
            .find(|child| WEIGHTS.get(*child) != Weight::Nothing);
        let Some(inner) = inner else { break };
        node = inner;
    }
    node
}
