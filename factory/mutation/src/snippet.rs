//! The few statements around a change, to be parsed instead of the whole file.
//!
//! A change that stays within a block cannot change how the rest of the file parses, as long as the
//! statements that it touches are complete statements again and stand in the block's column. So only those
//! are parsed, below an `if` of their own where the block is indented, and bodies that the change does not
//! touch are written as `pass`.

use std::ops::Range;

use tree_sitter::{Node, Tree};

use crate::compile::{Flow, Rule, rule};
use crate::operator::Edit;
use crate::sites::{Parsed, Site};

/// Puts an indented block where it may stand.
const FRAME: &str = "if 1:\n";
const ELIDED: &str = "pass";

/// Where a change stands in the original file.
pub(crate) struct Around<'t> {
    /// The touched statements, with their neighbours where one may be gone.
    pub(crate) statements: Vec<Node<'t>>,
    /// What surrounds them.
    pub(crate) flow: Flow,
    /// The stretch that the edits touch.
    pub(crate) hull: Range<usize>,
    indented: bool,
    /// Whether nothing is written as `pass`.
    whole: bool,
    lines: Range<usize>,
}

/// Finds the innermost block on lines of its own that the change stays in.
pub(crate) fn around<'t>(file: &'t Parsed, site: &Site<'_>) -> Option<Around<'t>> {
    let start = site.edits.first()?.range.start.min(site.change.start);
    let end = site.edits.last()?.range.end.max(site.change.end);
    let hull = start..end;
    let root = file.tree.root_node();
    let mut flow = Flow::default();
    let mut node = root;
    let mut best = (root, flow);
    loop {
        let mut cursor = node.walk();
        let inner = cursor
            .goto_first_child_for_byte(hull.start)
            .map(|_| cursor.node());
        let Some(inner) =
            inner.filter(|inner| inner.start_byte() <= hull.start && hull.end <= inner.end_byte())
        else {
            break;
        };
        let kind = rule(inner);
        if kind != Rule::Function && !kind.holds_statements() {
            break;
        }
        flow = if rule(node) == Rule::Function && kind == Rule::Block {
            Flow::of_function(node, &file.source)
        } else {
            flow.below(node, inner)
        };
        node = inner;
        if kind == Rule::Block
            && starts_line(file, inner)
            && inner
                .named_child(0)
                .is_some_and(|first| first.kind() != "case_clause")
        {
            best = (inner, flow);
        }
    }
    let (block, flow) = best;
    let (statements, inside) = touched(file, block, &hull)?;
    if !inside
        && site
            .edits
            .iter()
            .any(|edit| moves_margin(&file.source, edit))
    {
        return None;
    }
    let line = |offset| file.lines.line_of(&file.source, offset);
    let first = file.lines.start(line(statements[0].start_byte()));
    let last = file
        .lines
        .start(line(statements[statements.len() - 1].end_byte()) + 1);
    Some(Around {
        indented: statements[0].start_byte() > first,
        whole: false,
        lines: first.min(file.lines.start(line(hull.start)))..last.max(hull.end),
        statements,
        flow,
        hull,
    })
}

fn starts_line(file: &Parsed, node: Node<'_>) -> bool {
    let before = &file.source[..node.start_byte()];
    let line = before.rfind('\n').map_or(0, |newline| newline + 1);
    before[line..]
        .bytes()
        .all(|byte| matches!(byte, b' ' | b'\t' | b'\x0c'))
}

/// Whether an edit between statements changes where a line begins, and so which block its statement is in.
fn moves_margin(source: &str, edit: &Edit<'_>) -> bool {
    let line = source[..edit.range.start]
        .rfind('\n')
        .map_or(0, |newline| newline + 1);
    let is_white = |text: &str| {
        text.bytes()
            .all(|byte| matches!(byte, b' ' | b'\t' | b'\x0c'))
    };
    if !is_white(&source[line..edit.range.start]) {
        return false;
    }
    let old = &source[edit.range.clone()];
    let removes_lines = edit.range.start == line
        && edit.text.is_empty()
        && (old.ends_with('\n') || edit.range.end == source.len());
    let keeps_start = |text: &str| text.starts_with(|first: char| !first.is_whitespace());
    let keeps_margin = keeps_start(old) && keeps_start(&edit.text);
    !removes_lines && !keeps_margin
}

/// The statements of a block that the hull touches, and whether it lies inside of one. Unless it does, its
/// neighbours come too, and the first begins a line.
fn touched<'t>(
    file: &Parsed,
    block: Node<'t>,
    hull: &Range<usize>,
) -> Option<(Vec<Node<'t>>, bool)> {
    let mut cursor = block.walk();
    let all: Vec<Node<'t>> = block
        .named_children(&mut cursor)
        .filter(|child| !child.is_extra())
        .collect();
    let from = all.partition_point(|statement| statement.end_byte() < hull.start);
    let to = all.partition_point(|statement| statement.start_byte() <= hull.end);
    let inside =
        to == from + 1 && all[from].start_byte() <= hull.start && hull.end <= all[from].end_byte();
    let margin = usize::from(!inside);
    let mut from = from.saturating_sub(margin);
    let to = (to + margin).min(all.len());
    while from > 0 && !starts_line(file, *all.get(from)?) {
        from -= 1;
    }
    let found = all.get(from..to)?;
    (!found.is_empty()).then(|| (found.to_vec(), inside))
}

impl<'t> Around<'t> {
    /// Has bodies that the change does not touch written in full.
    pub(crate) fn write_whole(&mut self) {
        self.whole = true;
    }

    /// Writes the mutated statements, and gives the stretch of them that the edits made.
    pub(crate) fn write(
        &self,
        source: &str,
        site: &Site<'_>,
        snippet: &mut String,
    ) -> Range<usize> {
        snippet.clear();
        if self.indented {
            snippet.push_str(FRAME);
        }
        let elided = self.elided();
        let elisions = elided.iter().map(|node| (node.byte_range(), ELIDED));
        let edits = site
            .edits
            .iter()
            .map(|edit| (edit.range.clone(), edit.text.as_ref()));
        let mut changes: Vec<(Range<usize>, &str)> = edits.chain(elisions).collect();
        changes.sort_by_key(|(range, _)| (range.start, range.end));
        let mut at = self.lines.start;
        let (mut start, mut end) = (usize::MAX, 0);
        for (range, text) in changes {
            snippet.push_str(&source[at..range.start]);
            if self.touches(&range) {
                start = start.min(snippet.len());
                end = snippet.len() + text.len();
            }
            snippet.push_str(text);
            at = range.end;
        }
        snippet.push_str(&source[at..self.lines.end]);
        start.min(end)..end
    }

    fn touches(&self, range: &Range<usize>) -> bool {
        range.start <= self.hull.end && self.hull.start <= range.end
    }

    /// What is written as `pass`: neighbours, and bodies that the change does not touch.
    fn elided(&self) -> Vec<Node<'t>> {
        let mut found = Vec::new();
        if self.whole {
            return found;
        }
        for statement in &self.statements {
            if self.touches(&statement.byte_range()) {
                self.collect_bodies(*statement, &mut found);
            } else {
                found.push(*statement);
            }
        }
        found
    }

    fn collect_bodies(&self, node: Node<'t>, found: &mut Vec<Node<'t>>) {
        let kind = rule(node);
        if kind == Rule::Block && !self.touches(&node.byte_range()) {
            found.push(node);
        } else if kind == Rule::Function || kind.holds_statements() {
            let mut cursor = node.walk();
            node.named_children(&mut cursor)
                .for_each(|child| self.collect_bodies(child, found));
        }
    }

    /// What an original node that is elided looks like in the snippet; `None` for one that is written out.
    pub(crate) fn stand_in(&self, node: Node<'_>) -> Option<&'static str> {
        if self.whole || self.touches(&node.byte_range()) {
            None
        } else if rule(node) == Rule::Block {
            Some("block")
        } else {
            self.statements.contains(&node).then_some("pass_statement")
        }
    }

    /// The block of a parsed snippet, if the statements stand in it and nowhere else.
    pub(crate) fn block<'s>(&self, snippet: &'s Tree) -> Option<Node<'s>> {
        let root = snippet.root_node();
        if !self.indented {
            return Some(root);
        }
        let mut cursor = root.walk();
        let mut statements = root
            .named_children(&mut cursor)
            .filter(|child| !child.is_extra());
        let frame = statements.next()?;
        if statements.next().is_some() || frame.child_by_field_name("alternative").is_some() {
            return None;
        }
        frame.child_by_field_name("consequence")
    }

    /// Whether bodies written as `pass` still stand in what they stood in: what is no loop any more, or not
    /// async, may not hold what it held.
    pub(crate) fn keeps_headers(&self, block: Node<'_>) -> bool {
        let is_neighbour = |node: &Node<'t>| !self.touches(&node.byte_range());
        if self
            .elided()
            .iter()
            .all(|node| self.statements.contains(node))
        {
            return true;
        }
        let (mut old, mut new) = (Vec::new(), Vec::new());
        for statement in self
            .statements
            .iter()
            .filter(|statement| !is_neighbour(statement))
        {
            collect_headers(*statement, &|node| is_neighbour(&node), &mut old);
        }
        let mut cursor = block.walk();
        for statement in block.named_children(&mut cursor) {
            collect_headers(statement, &|_| false, &mut new);
        }
        old == new
    }
}

/// The compound statements whose kind decides what their bodies may hold.
fn collect_headers<'n>(
    node: Node<'n>,
    elided: &dyn Fn(Node<'n>) -> bool,
    found: &mut Vec<(Rule, bool)>,
) {
    let kind = rule(node);
    if matches!(kind, Rule::Function | Rule::Loop | Rule::Class) {
        found.push((
            kind,
            node.child(0).is_some_and(|first| first.kind() == "async"),
        ));
    }
    if kind == Rule::Block && elided(node) {
        return;
    }
    if kind == Rule::Function || kind.holds_statements() {
        let mut cursor = node.walk();
        node.named_children(&mut cursor)
            .for_each(|child| collect_headers(child, elided, found));
    }
}
