//! tree-sitter's Python grammar, and tables that are indexed by its node kinds.

use std::sync::LazyLock;

use tree_sitter::{Language, Node, Parser};

/// The Python grammar.
static PYTHON: LazyLock<Language> = LazyLock::new(|| tree_sitter_python::LANGUAGE.into());

/// A parser for Python.
pub(crate) fn parser() -> Parser {
    let mut parser = Parser::new();
    parser
        .set_language(&PYTHON)
        .expect("both crates are compiled in, and their versions fit");
    parser
}

/// A value for every node kind, found by the number that nodes carry: kinds are compared as numbers in the
/// hot loops, and read as names everywhere else.
#[derive(Debug)]
pub(crate) struct KindTable<T>(Vec<T>);

impl<T: Copy + Default> KindTable<T> {
    /// Fills the table from names. A name may stand for several numbers (aliases), all get the value.
    pub(crate) fn new(value_of: impl Fn(&str) -> T) -> Self {
        let count = u16::try_from(PYTHON.node_kind_count()).unwrap_or(u16::MAX);
        Self(
            (0..count)
                .map(|id| {
                    PYTHON
                        .node_kind_for_id(id)
                        .map_or_else(T::default, &value_of)
                })
                .collect(),
        )
    }

    /// The value of a node's kind; the default for error nodes.
    pub(crate) fn get(&self, node: Node<'_>) -> T {
        self.0
            .get(usize::from(node.kind_id()))
            .copied()
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::PYTHON;

    #[test]
    fn operators_ask_for_node_kinds_that_exist() {
        let count = u16::try_from(PYTHON.node_kind_count()).unwrap();
        let known: BTreeSet<&str> = (0..count)
            .filter_map(|id| PYTHON.node_kind_for_id(id))
            .collect();
        for operator in crate::operators::all() {
            for kind in operator.kinds() {
                assert!(known.contains(kind), "{} asks for {kind}", operator.name());
            }
        }
    }
}
