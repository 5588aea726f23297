//! Cutting a test's source out of its file.

use tree_sitter::{Node, Parser};

/// The longest snippet that is shown, in lines.
const LONGEST: usize = 40;

/// The source of the test that `node_id` names, from the text of its file: the function without its
/// decorators, dedented. `None` when the test is not written there (inherited, generated, a doctest) or is
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
            return (definition.kind() == "function_definition").then(|| cut(definition, file))?;
        }
        scope = definition.child_by_field_name("body")?;
    }
    None
}

/// The definition of `name` directly in a block.
fn definition<'tree>(scope: Node<'tree>, name: &str, file: &str) -> Option<Node<'tree>> {
    let mut cursor = scope.walk();
    let found = scope.named_children(&mut cursor).find_map(|child| {
        let child = if child.kind() == "decorated_definition" {
            child.child_by_field_name("definition")?
        } else {
            child
        };
        let named = child.child_by_field_name("name")?;
        (&file[named.byte_range()] == name).then_some(child)
    });
    found
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
    fn a_test_that_is_not_written_there_gives_nothing() {
        assert_eq!(of_test(FILE, "t/test_a.py::TestA::test_inherited"), None);
        assert_eq!(of_test(FILE, "t/test_a.py::TestA"), None);
        assert_eq!(of_test(FILE, "README.md"), None);
        assert!(of_test(FILE, "t/test_a.py::test_c").is_some());
    }
}
