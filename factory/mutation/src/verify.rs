//! The last word on a site: the mutated file parses, means something else, and compiles.

use tree_sitter::{InputEdit, Parser, Point, Tree};

use crate::compile::{check_change, check_statements};
use crate::grammar::parser;
use crate::patch::Lines;
use crate::sites::{Parsed, Site};
use crate::snippet::{Around, around};
use crate::structure::{files_differ, statements_differ};

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
    text: String,
}

impl Verifier {
    pub(crate) fn new() -> Self {
        Self {
            parser: parser(),
            text: String::new(),
        }
    }

    /// Whether a site is fit to be a candidate.
    pub(crate) fn check(&mut self, file: &Parsed, site: &Site<'_>) -> Result<(), Unfit> {
        if site.change.start < file.futures_end {
            return Err(Unfit::Compile("a change before the __future__ imports"));
        }
        let declares = |function: &std::ops::Range<usize>| {
            function.start <= site.change.end && site.change.start <= function.end
        };
        match around(file, site) {
            Some(mut around) if !file.declaring.iter().any(declares) => {
                self.check_statements(file, site, &mut around)
            }
            _ => self.check_file(file, site),
        }
    }

    /// Parses the statements that the change touches, and no more.
    fn check_statements(
        &mut self,
        file: &Parsed,
        site: &Site<'_>,
        around: &mut Around<'_>,
    ) -> Result<(), Unfit> {
        let mut touched = around.write(&file.source, site, &mut self.text);
        let mut tree = self.parse(None);
        if tree.root_node().has_error() {
            return Err(Unfit::Syntax);
        }
        if !around
            .block(&tree)
            .is_some_and(|block| around.keeps_headers(block))
        {
            around.write_whole();
            touched = around.write(&file.source, site, &mut self.text);
            tree = self.parse(None);
            if tree.root_node().has_error() {
                return Err(Unfit::Syntax);
            }
        }
        let block = around.block(&tree).ok_or(Unfit::Syntax)?;
        if !statements_differ(around, &file.source, block, &self.text) {
            return Err(Unfit::Same);
        }
        check_statements(block, &self.text, around.flow, touched).map_err(Unfit::Compile)
    }

    /// Parses the mutated file again, incrementally, and looks at the outermost function around the change.
    fn check_file(&mut self, file: &Parsed, site: &Site<'_>) -> Result<(), Unfit> {
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
        apply(source, site, &mut self.text);
        let tree = self.parse(Some(&edited));
        if tree.root_node().has_error() {
            return Err(Unfit::Syntax);
        }
        if !files_differ(&file.tree, source, &tree, &self.text, &site.change) {
            return Err(Unfit::Same);
        }
        check_change(tree.root_node(), &self.text, &site.change).map_err(Unfit::Compile)
    }

    fn parse(&mut self, old: Option<&Tree>) -> Tree {
        self.parser
            .parse(&self.text, old)
            .expect("no time-out and no cancelling is set")
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dispatch::Dispatch;
    use crate::selection::Selection;
    use crate::sites::enumerate;

    /// Modules of the standard library with code of all kinds, each present in every Python 3.
    const MODULES: [&str; 8] = [
        "textwrap",
        "contextlib",
        "queue",
        "asyncio.queues",
        "asyncio.locks",
        "json.decoder",
        "shlex",
        "functools",
    ];

    #[test]
    fn parsing_the_statements_around_a_change_gives_what_parsing_the_file_gives() {
        let script = format!(
            "import importlib\n\
             for name in {MODULES:?}: print(importlib.import_module(name).__file__)\n"
        );
        let output = std::process::Command::new("python3")
            .args(["-c", &script])
            .output()
            .expect("these tests need python3");
        let dispatch = Dispatch::new(&Selection::default().places());
        let mut verifier = Verifier::new();
        let mut sites_seen = 0;
        for path in String::from_utf8(output.stdout).unwrap().lines() {
            let source = std::fs::read_to_string(path).unwrap();
            let file = Parsed::parse(path.to_owned(), source).unwrap();
            for site in enumerate(&file, &dispatch) {
                sites_seen += 1;
                let by_statements = verifier.check(&file, &site);
                let by_file = verifier.check_file(&file, &site);
                let edits = &site.edits;
                assert_eq!(
                    by_statements.is_ok(),
                    by_file.is_ok(),
                    "{path} {edits:?} {by_statements:?} {by_file:?}"
                );
            }
        }
        assert!(sites_seen > 2000, "only {sites_seen} sites");
    }
}
