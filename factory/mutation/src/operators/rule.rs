//! An operator as data: a name, a line of documentation, the kinds it looks at, and a function.

use tree_sitter::Node;

use super::syntax::is_message;
use crate::context::Context;
use crate::operator::{Edit, Operator, Sites};

/// An [`Operator`] without state of its own; the modules beside this one are made of these. None of them
/// touches what only people read: the message of a `raise`, an `assert` or a log call.
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
        let mut found = Sites::default();
        (self.sites)(node, context, &mut found);
        let found = found.take();
        if found.is_empty() || is_message(node, context) {
            return;
        }
        for mut edits in found {
            for edit in &mut edits {
                keep_words_apart(edit, context.source);
            }
            sites.several(edits);
        }
    }
}

/// `return-x` without its sign is `return x`: puts a space where two words would grow together.
fn keep_words_apart(edit: &mut Edit<'_>, source: &str) {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let before = source[..edit.range.start].chars().next_back();
    let after = source[edit.range.end..].chars().next();
    let first = edit.text.chars().next().or(after);
    if before.is_some_and(is_word) && first.is_some_and(is_word) && !edit.range.is_empty() {
        edit.text.to_mut().insert(0, ' ');
    }
    let last = edit.text.chars().next_back();
    if last.is_some_and(is_word) && after.is_some_and(is_word) && !edit.range.is_empty() {
        edit.text.to_mut().push(' ');
    }
}
