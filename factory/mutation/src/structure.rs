//! Whether two trees of the same file before and after a change mean different things.

use std::sync::LazyLock;

use tree_sitter::{Node, Tree, TreeCursor};

use crate::canonical::Change;
use crate::grammar::KindTable;
use crate::snippet::Around;

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

/// Compares two trees from the change on; white space, comments and redundant parentheses do not count.
pub(crate) fn files_differ(
    old: &Tree,
    old_source: &str,
    new: &Tree,
    new_source: &str,
    change: &Change,
) -> bool {
    let (mut left, mut right) = (old.walk(), new.walk());
    let comparison = Comparison {
        old: old_source,
        new: new_source,
        around: None,
    };
    let has_left = left.goto_first_child_for_byte(change.start).is_some();
    let has_right = right.goto_first_child_for_byte(change.start).is_some();
    match (has_left, has_right) {
        (true, true) => !comparison.same_siblings(&mut left, &mut right),
        (has_left, has_right) => has_left != has_right,
    }
}

/// Compares the statements around a change with the block that was parsed of them.
pub(crate) fn statements_differ(
    around: &Around<'_>,
    old_source: &str,
    block: Node<'_>,
    new_source: &str,
) -> bool {
    let comparison = Comparison {
        old: old_source,
        new: new_source,
        around: Some(around),
    };
    let mut cursor = block.walk();
    let mut new = block
        .named_children(&mut cursor)
        .filter(|child| WEIGHTS.get(*child) != Weight::Nothing);
    for old in &around.statements {
        if !new.next().is_some_and(|new| comparison.same(*old, new)) {
            return true;
        }
    }
    new.next().is_some()
}

struct Comparison<'c> {
    old: &'c str,
    new: &'c str,
    around: Option<&'c Around<'c>>,
}

impl Comparison<'_> {
    fn same_siblings(&self, left: &mut TreeCursor<'_>, right: &mut TreeCursor<'_>) -> bool {
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
            if !self.same(left.node(), right.node()) {
                return false;
            }
            more = (left.goto_next_sibling(), right.goto_next_sibling());
        }
    }

    fn same(&self, left: Node<'_>, right: Node<'_>) -> bool {
        // The incremental parser shares what it did not have to parse again.
        if left.id() == right.id() {
            return true;
        }
        if let Some(kind) = self.around.and_then(|around| around.stand_in(left)) {
            return right.kind() == kind;
        }
        let (left, right) = (unwrapped(left), unwrapped(right));
        if left.kind_id() != right.kind_id() {
            return false;
        }
        if left.child_count() == 0 || right.child_count() == 0 || WEIGHTS.get(left) == Weight::Text
        {
            return self.old[left.byte_range()] == self.new[right.byte_range()];
        }
        let (mut left, mut right) = (left.walk(), right.walk());
        left.goto_first_child();
        right.goto_first_child();
        self.same_siblings(&mut left, &mut right)
    }
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
