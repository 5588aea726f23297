//! Which operators want to see a node.

use crate::grammar::KindTable;
use crate::operator::Operator;
use crate::operators;
use tree_sitter::Node;

/// The operators of a run, found by node kind.
#[derive(Debug)]
pub(crate) struct Dispatch {
    /// For a kind, its place in `lists`; 0 is the empty list.
    lists_of: KindTable<u16>,
    lists: Vec<Vec<u16>>,
}

impl Dispatch {
    /// A table for these operators, named by their places in the registry.
    pub(crate) fn new(selected: &[u16]) -> Self {
        let lists = std::cell::RefCell::new(vec![Vec::new()]);
        let lists_of = KindTable::new(|kind| {
            let list: Vec<u16> = selected
                .iter()
                .copied()
                .filter(|&operator| {
                    operators::all()[usize::from(operator)]
                        .kinds()
                        .contains(&kind)
                })
                .collect();
            let mut lists = lists.borrow_mut();
            let place = lists
                .iter()
                .position(|known| *known == list)
                .unwrap_or_else(|| {
                    lists.push(list);
                    lists.len() - 1
                });
            u16::try_from(place).expect("there are fewer lists than node kinds")
        });
        Self {
            lists_of,
            lists: lists.into_inner(),
        }
    }

    /// The operators that want to see this node, in registry order, each with its place there.
    pub(crate) fn interested(
        &self,
        node: Node<'_>,
    ) -> impl Iterator<Item = (u16, &'static dyn Operator)> {
        self.lists[usize::from(self.lists_of.get(node))]
            .iter()
            .map(|place| (*place, operators::all()[usize::from(*place)]))
    }
}
