//! Cutting a test's source out of its file, with the imports that it needs.

use std::collections::HashSet;

use tree_sitter::{Node, Parser};

/// The longest snippet that is shown, in lines.
const LONGEST: usize = 40;

/// The source of the test that `node_id` names, from the text of its file: the function without its
/// decorators, dedented, under the imports that it uses. `None` when the test is not written there (inherited, generated, a doctest) or is
/// too long to be read as a reproduction.
pub fn of_test(file: &str, node_id: &str) -> Option<String> {
    let mut parser = Parser::new();
    parser
        .set_language(&tree_sitter_python::LANGUAGE.into())
        .expect("the grammar and the library are of matching versions: pinned together");
    let tree = parser.parse(file, None)?;
    // Parameters may hold anything, `::` too: they are cut off first.
    let path = node_id.split('[').next()?;
    let mut names = path.split("::").skip(1).peekable();
    let mut scope = tree.root_node();
    while let Some(name) = names.next() {
        let definition = definition(scope, name, file)?;
        if names.peek().is_none() {
            if definition.kind() != "function_definition" {
                return None;
            }
            let test = cut(definition, file)?;
            return Some(imports(tree.root_node(), file, &test) + &test);
        }
        scope = definition.child_by_field_name("body")?;
    }
    None
}

/// The definition of `name` directly in a block.
fn definition<'tree>(scope: Node<'tree>, name: &str, file: &str) -> Option<Node<'tree>> {
    let mut cursor = scope.walk();
    scope.named_children(&mut cursor).find_map(|child| {
        let child = if child.kind() == "decorated_definition" {
            child.child_by_field_name("definition")?
        } else {
            child
        };
        let named = child.child_by_field_name("name")?;
        (&file[named.byte_range()] == name).then_some(child)
    })
}

/// The file's imports of names that the test uses, as lines with an empty one after them.
fn imports(module: Node<'_>, file: &str, test: &str) -> String {
    let words: HashSet<&str> = test
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .collect();
    let mut cursor = module.walk();
    let mut lines = String::new();
    for statement in module.named_children(&mut cursor) {
        let kept = match statement.kind() {
            "import_statement" if used(statement, file, &words).is_empty() => String::new(),
            "import_statement" => file[statement.byte_range()].to_owned(),
            "import_from_statement" => from_import(statement, file, &words),
            _ => String::new(),
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
        let snippet = of_test(FILE, "t/test_a.py::TestA::test_b[1::2[x]]").unwrap();
        assert_eq!(
            snippet,
            "def test_b(self, x):\n    text = '''\nflush left'''\n    assert x"
        );
    }

    #[test]
    fn a_test_stands_under_the_imports_that_it_uses() {
        let file = "import os\nimport os.path as p, sys\nfrom m import (f,\n    g as h, k)\nfrom n import *\n\n\
                    def test_a():\n    assert h(p) == f\n";
        let snippet = of_test(file, "test_a.py::test_a").unwrap();
        assert_eq!(
            snippet,
            "import os.path as p, sys\nfrom m import f, g as h\n\ndef test_a():\n    assert h(p) == f"
        );
    }

    #[test]
    fn a_test_that_is_not_written_there_gives_nothing() {
        assert_eq!(of_test(FILE, "t/test_a.py::TestA::test_inherited"), None);
        assert_eq!(of_test(FILE, "t/test_a.py::TestA"), None);
        assert_eq!(of_test(FILE, "README.md"), None);
        assert!(of_test(FILE, "t/test_a.py::test_c").is_some());
    }
}
