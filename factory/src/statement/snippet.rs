//! Cutting a test's source out of its file, with the imports that it needs.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tree_sitter::{Node, Parser};

/// The longest snippet that is shown, in lines.
const LONGEST: usize = 40;

/// The tests of one file: `Class::test` to its source.
type OfFile = HashMap<String, String>;

/// The sources of a repository's tests. A file is parsed when one of its tests is first asked for, and once: the same few
/// tests fail under many breaks.
#[derive(Debug)]
pub struct Snippets {
    tree: PathBuf,
    files: Mutex<HashMap<String, Arc<OfFile>>>,
}

impl Snippets {
    /// Of the repository in this folder.
    pub fn new(tree: &Path) -> Self {
        Self {
            tree: tree.to_owned(),
            files: Mutex::default(),
        }
    }

    /// The source of the test that `node_id` names: the function without its decorators, dedented, under the imports that it
    /// uses. `None` when the test is not written in its file (inherited, generated, a doctest) or is too long to be read as
    /// a reproduction.
    pub fn of_test(&self, node_id: &str) -> Option<String> {
        // Parameters may hold anything, `::` too: they are cut off first.
        let (file, name) = node_id.split('[').next()?.split_once("::")?;
        self.of_file(file).get(name).cloned()
    }

    fn of_file(&self, file: &str) -> Arc<OfFile> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = files.get(file) {
            return known.clone();
        }
        let text = std::fs::read_to_string(self.tree.join(file));
        let found = Arc::new(text.map_or_else(|_| OfFile::default(), |text| of_text(&text)));
        files.insert(file.to_owned(), found.clone());
        found
    }
}

/// The tests that are written in a file.
fn of_text(file: &str) -> OfFile {
    let mut parser = Parser::new();
    parser
        .set_language(&tree_sitter_python::LANGUAGE.into())
        .expect("the grammar and the library are of matching versions: pinned together");
    let mut found = OfFile::default();
    if let Some(tree) = parser.parse(file, None) {
        let root = tree.root_node();
        let mut cursor = root.walk();
        let imports: Vec<_> = root
            .named_children(&mut cursor)
            .filter(|statement| {
                matches!(
                    statement.kind(),
                    "import_statement" | "import_from_statement"
                )
            })
            .collect();
        cut_all(root, "", file, &imports, &mut found);
    }
    found
}

/// Cuts the functions of a block, and those of its classes. Of several definitions of a name the first is taken.
fn cut_all(block: Node<'_>, within: &str, file: &str, imports: &[Node<'_>], found: &mut OfFile) {
    let mut seen = HashSet::new();
    let mut cursor = block.walk();
    for child in block.named_children(&mut cursor) {
        let definition = match child.kind() {
            "decorated_definition" => child.child_by_field_name("definition"),
            _ => Some(child),
        };
        let Some(definition) = definition else {
            continue;
        };
        let Some(name) = definition.child_by_field_name("name") else {
            continue;
        };
        if !seen.insert(&file[name.byte_range()]) {
            continue;
        }
        let path = format!("{within}{}", &file[name.byte_range()]);
        match definition.kind() {
            "function_definition" => {
                if let Some(test) = cut(definition, file) {
                    found.insert(path, needed(imports, file, &test) + &test);
                }
            }
            "class_definition" => {
                if let Some(body) = definition.child_by_field_name("body") {
                    cut_all(body, &format!("{path}::"), file, imports, found);
                }
            }
            _ => {}
        }
    }
}

/// The imports of names that the test uses, as lines with an empty one after them.
fn needed(imports: &[Node<'_>], file: &str, test: &str) -> String {
    let words: HashSet<&str> = test
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .collect();
    let mut lines = String::new();
    for &statement in imports {
        let kept = match statement.kind() {
            "import_from_statement" => from_import(statement, file, &words),
            _ if used(statement, file, &words).is_empty() => String::new(),
            _ => file[statement.byte_range()].to_owned(),
        };
        if !kept.is_empty() {
            lines.push_str(&kept);
            lines.push('\n');
        }
    }
    if !lines.is_empty() {
        lines.push('\n');
    }
    lines
}

/// `from module import …` with only the names that are used; empty when none is.
fn from_import(statement: Node<'_>, file: &str, words: &HashSet<&str>) -> String {
    let Some(module) = statement.child_by_field_name("module_name") else {
        return String::new();
    };
    let names = used(statement, file, words);
    if names.is_empty() {
        return String::new();
    }
    format!(
        "from {} import {}",
        &file[module.byte_range()],
        names.join(", ")
    )
}

/// The imported names, as they are written, that a test uses.
fn used<'file>(statement: Node<'_>, file: &'file str, words: &HashSet<&str>) -> Vec<&'file str> {
    let mut cursor = statement.walk();
    let named = statement.children_by_field_name("name", &mut cursor);
    let bound = |node: Node<'_>| {
        // `a as b` binds b, `a.b` binds a.
        let bound = node.child_by_field_name("alias").unwrap_or(node);
        file[bound.byte_range()]
            .split('.')
            .next()
            .unwrap_or_default()
    };
    named
        .filter(|node| words.contains(bound(*node)))
        .map(|node| &file[node.byte_range()])
        .collect()
}

fn cut(definition: Node<'_>, file: &str) -> Option<String> {
    let indent = definition.start_position().column;
    let text = &file[definition.byte_range()];
    if text.lines().count() > LONGEST {
        return None;
    }
    let mut lines = text.lines();
    let mut snippet = lines.next()?.to_owned();
    for line in lines {
        let blank = line.len().min(indent);
        let (margin, rest) = line.split_at_checked(blank)?;
        // A continuation line may stand left of the definition; it stays as it is.
        let kept = if margin.trim().is_empty() { rest } else { line };
        snippet.push('\n');
        snippet.push_str(kept.trim_end());
    }
    Some(snippet)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "import pytest\n\nclass TestA:\n    @pytest.mark.parametrize('x', [1])\n    def test_b(self, x):\n        text = '''\nflush left'''\n        assert x\n\nasync def test_c():\n    assert True\n";

    #[test]
    fn a_method_is_cut_without_decorators_and_dedented() {
        assert_eq!(
            of_text(FILE)["TestA::test_b"],
            "def test_b(self, x):\n    text = '''\nflush left'''\n    assert x"
        );
    }

    #[test]
    fn a_test_stands_under_the_imports_that_it_uses() {
        let file = "import os\nimport os.path as p, sys\nfrom m import (f,\n    g as h, k)\nfrom n import *\n\n\
                    def test_a():\n    assert h(p) == f\n";
        assert_eq!(
            of_text(file)["test_a"],
            "import os.path as p, sys\nfrom m import f, g as h\n\ndef test_a():\n    assert h(p) == f"
        );
    }

    #[test]
    fn tests_are_found_by_their_ids_and_what_is_not_written_there_gives_nothing() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("t")).unwrap();
        std::fs::write(folder.path().join("t/test_a.py"), FILE).unwrap();
        let snippets = Snippets::new(folder.path());
        let found = |id| snippets.of_test(id).is_some();
        assert!(found("t/test_a.py::TestA::test_b[1::2[x]]"));
        assert!(found("t/test_a.py::test_c"));
        assert!(!found("t/test_a.py::TestA::test_inherited"));
        assert!(!found("t/test_a.py::TestA"));
        assert!(!found("t/test_b.py::test_c"));
        assert!(!found("README.md"));
    }

    #[test]
    fn a_file_is_read_once() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("test_a.py"), FILE).unwrap();
        let snippets = Snippets::new(folder.path());
        let first = snippets.of_test("test_a.py::test_c");
        std::fs::remove_file(folder.path().join("test_a.py")).unwrap();
        assert_eq!(snippets.of_test("test_a.py::test_c"), first);
        assert!(first.is_some());
    }
}
