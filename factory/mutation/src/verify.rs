//! The last word on a site: the mutated file parses, means something else, and compiles.

use tree_sitter::{InputEdit, Parser, Point};

use crate::compile::check_change;
use crate::grammar::parser;
use crate::patch::Lines;
use crate::sites::{Parsed, Site};
use crate::structure::differs;

/// Why a site is no candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// tree-sitter finds an error in the mutated file.
    Syntax,
    /// The mutated file means the same.
    Same,
    /// CPython would refuse it.
    Compile(&'static str),
}

/// Checks sites, one after the other; keeps its parser and its buffer.
pub(crate) struct Verifier {
    parser: Parser,
    mutated: String,
}

impl Verifier {
    pub(crate) fn new() -> Self {
        Self {
            parser: parser(),
            mutated: String::new(),
        }
    }

    /// Parses the mutated file again, incrementally, and looks at what changed.
    pub(crate) fn check(&mut self, file: &Parsed, site: &Site<'_>) -> Result<(), Unfit> {
        if site.change.start < file.futures_end {
            return Err(Unfit::Compile("a change before the __future__ imports"));
        }
        let source = file.source.as_str();
        let mut edited = file.tree.clone();
        for edit in site.edits.iter().rev() {
            edited.edit(&input_edit(
                source,
                &file.lines,
                edit.range.clone(),
                &edit.text,
            ));
        }
        apply(source, site, &mut self.mutated);
        let tree = self
            .parser
            .parse(&self.mutated, Some(&edited))
            .expect("no time-out and no cancelling is set");
        if tree.root_node().has_error() {
            return Err(Unfit::Syntax);
        }
        if !differs(&file.tree, source, &tree, &self.mutated, &site.change) {
            return Err(Unfit::Same);
        }
        check_change(tree.root_node(), &self.mutated, &site.change).map_err(Unfit::Compile)
    }
}

/// Writes the mutated file.
pub(crate) fn apply(source: &str, site: &Site<'_>, mutated: &mut String) {
    mutated.clear();
    let mut at = 0;
    for edit in &site.edits {
        mutated.push_str(&source[at..edit.range.start]);
        mutated.push_str(&edit.text);
        at = edit.range.end;
    }
    mutated.push_str(&source[at..]);
}

fn input_edit(source: &str, lines: &Lines, range: std::ops::Range<usize>, text: &str) -> InputEdit {
    let start = point(source, lines, range.start);
    let new_end = match text.rfind('\n') {
        None => Point::new(start.row, start.column + text.len()),
        Some(last) => Point::new(
            start.row + text.bytes().filter(|byte| *byte == b'\n').count(),
            text.len() - last - 1,
        ),
    };
    InputEdit {
        start_byte: range.start,
        old_end_byte: range.end,
        new_end_byte: range.start + text.len(),
        start_position: start,
        old_end_position: point(source, lines, range.end),
        new_end_position: new_end,
    }
}

fn point(source: &str, lines: &Lines, offset: usize) -> Point {
    let row = lines.line_of(source, offset);
    Point::new(row, offset - lines.start(row))
}
