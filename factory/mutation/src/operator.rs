//! What an operator is: it looks at one syntax node and names every edit it would make there.

use std::borrow::Cow;
use std::ops::Range;

use tree_sitter::Node;

use crate::context::Context;

/// One way to break code at one place.
///
/// Operators are pure: the same node in the same file gives the same sites in the same order. They never
/// draw random numbers; which sites become candidates is decided later, over all sites of all files.
/// The engine walks each file once and offers every node whose kind is in [`kinds`](Operator::kinds).
pub trait Operator: Sync {
    /// The strategy's name, as it stands in ids: SWE-smith's own name where it has the operator, else
    /// `func_pm_` and what is done.
    fn name(&self) -> &'static str;

    /// One line for the table in the docs: what the break is.
    fn summary(&self) -> &'static str;

    /// The tree-sitter-python node kinds that it wants to see.
    fn kinds(&self) -> &'static [&'static str];

    /// Names every edit it would make at `node`.
    fn sites<'a>(&self, node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>);
}

/// One replacement of a stretch of the file by other text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit<'a> {
    /// Byte range in the original file.
    pub range: Range<usize>,
    /// What stands there instead.
    pub text: Cow<'a, str>,
}

impl<'a> Edit<'a> {
    /// Replaces `range` by `text`.
    pub fn replace(range: Range<usize>, text: impl Into<Cow<'a, str>>) -> Self {
        Self {
            range,
            text: text.into(),
        }
    }

    /// Removes `range`.
    pub fn remove(range: Range<usize>) -> Self {
        Self::replace(range, "")
    }

    /// Inserts `text` at `offset`.
    pub fn insert(offset: usize, text: impl Into<Cow<'a, str>>) -> Self {
        Self::replace(offset..offset, text)
    }
}

/// Collects the sites that an operator names: each is a set of edits that are made together.
#[derive(Debug, Default)]
pub struct Sites<'a> {
    found: Vec<Vec<Edit<'a>>>,
}

impl<'a> Sites<'a> {
    /// A site of one edit.
    pub fn one(&mut self, edit: Edit<'a>) {
        self.found.push(vec![edit]);
    }

    /// A site of several edits that do not overlap, in any order.
    pub fn several(&mut self, edits: Vec<Edit<'a>>) {
        self.found.push(edits);
    }

    /// Takes what has been collected, in the order in which it was named.
    pub fn take(&mut self) -> Vec<Vec<Edit<'a>>> {
        std::mem::take(&mut self.found)
    }
}
