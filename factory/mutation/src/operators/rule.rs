//! An operator as data: a name, a line of documentation, the kinds it looks at, and a function.

use tree_sitter::Node;

use crate::context::Context;
use crate::operator::{Operator, Sites};

/// An [`Operator`] without state of its own; the modules beside this one are made of these.
pub(crate) struct Rule {
    pub(crate) name: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) kinds: &'static [&'static str],
    pub(crate) sites: for<'a> fn(Node<'a>, &Context<'a>, &mut Sites<'a>),
}

impl Operator for Rule {
    fn name(&self) -> &'static str {
        self.name
    }

    fn summary(&self) -> &'static str {
        self.summary
    }

    fn kinds(&self) -> &'static [&'static str] {
        self.kinds
    }

    fn sites<'a>(&self, node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
        (self.sites)(node, context, sites);
    }
}
