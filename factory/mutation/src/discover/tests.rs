//! Telling tests from modules that are only named like tests.
//!
//! A name raises the question, the content answers it: a file is a test when it imports a test framework,
//! derives from a `TestCase`, or defines test functions. A function `test_…` that returns a value is none:
//! it is how template engines and validators name their predicates.

use std::path::Path;

use tree_sitter::Node;

use crate::discover::Entries;
use crate::grammar::parser;

/// Whether a file's name says test.
pub(super) fn is_test_name(name: &str) -> bool {
    let stem = name
        .strip_suffix(".py")
        .unwrap_or(name)
        .trim_start_matches('_');
    matches!(
        stem,
        "test" | "tests" | "testing" | "testutils" | "testutil"
    ) || stem.starts_with("test_")
        || stem.starts_with("tests_")
        || stem.ends_with("_test")
        || stem.ends_with("_tests")
}

/// Whether a folder holds a test, at any depth.
pub(super) fn holds_tests(folder: &Path) -> bool {
    let Ok(entries) = Entries::of(folder) else {
        return false;
    };
    entries.has_file("conftest.py")
        || entries.files.iter().any(|(_, path, _)| is_test_file(path))
        || entries.folders.iter().any(|(_, path)| holds_tests(path))
}

/// Whether a file's content is tests.
pub(super) fn is_test_file(path: &Path) -> bool {
    std::fs::read(path).is_ok_and(|bytes| is_test(&String::from_utf8_lossy(&bytes)))
}

fn is_test(source: &str) -> bool {
    if source.lines().any(imports_framework) {
        return true;
    }
    if !source.contains("def test") && !source.contains("TestCase") {
        return false;
    }
    let tree = parser()
        .parse(source, None)
        .expect("no time-out and no cancelling is set");
    defines_tests(tree.root_node(), source)
}

/// `import pytest`, `from unittest import …` and the like, at any indentation.
fn imports_framework(line: &str) -> bool {
    let mut words = line
        .trim_start()
        .split([' ', '\t', ',', ';', '.', '\r'])
        .filter(|word| !word.is_empty());
    matches!(words.next(), Some("import" | "from"))
        && words.next().is_some_and(|module| {
            matches!(
                module,
                "pytest"
                    | "unittest"
                    | "unittest2"
                    | "nose"
                    | "nose2"
                    | "hypothesis"
                    | "testtools"
                    | "doctest"
            )
        })
}

fn defines_tests(block: Node<'_>, source: &str) -> bool {
    let mut cursor = block.walk();
    block.named_children(&mut cursor).any(|statement| {
        let definition = statement
            .child_by_field_name("definition")
            .unwrap_or(statement);
        let text = |field: &str| {
            definition
                .child_by_field_name(field)
                .map_or("", |node| &source[node.byte_range()])
        };
        let body = definition.child_by_field_name("body");
        match definition.kind() {
            "function_definition" => {
                text("name").starts_with("test") && !body.is_some_and(gives_value)
            }
            "class_definition" => {
                text("superclasses").contains("TestCase")
                    || body.is_some_and(|body| defines_tests(body, source))
            }
            _ => false,
        }
    })
}

/// Whether a function returns or yields something, not counting functions inside it.
fn gives_value(node: Node<'_>) -> bool {
    match node.kind() {
        "return_statement" => return node.named_child_count() > 0,
        "yield" => return true,
        "function_definition" | "lambda" | "class_definition" => return false,
        _ => {}
    }
    let mut cursor = node.walk();
    node.named_children(&mut cursor).any(gives_value)
}

#[cfg(test)]
mod checks {
    use super::*;

    #[test]
    fn predicates_named_like_tests_are_no_tests() {
        assert!(!is_test(
            "def test_odd(value):\n    return value % 2 == 1\n\nTESTS = {'odd': test_odd}\n"
        ));
        assert!(!is_test(
            "class Checks:\n    def test(self, value):\n        return bool(value)\n"
        ));
    }

    #[test]
    fn test_functions_classes_and_support_are_tests() {
        assert!(is_test(
            "from package import f\n\ndef test_f():\n    assert f(1) == 2\n"
        ));
        assert!(is_test(
            "from base import MyTestCase\nclass FTest(MyTestCase):\n    pass\n"
        ));
        assert!(is_test(
            "class TestF:\n    async def test_it(self):\n        await f()\n"
        ));
        assert!(is_test(
            "import os\nimport pytest\n\ndef helper(): return 1\n"
        ));
        assert!(is_test(
            "try:\n    from unittest.mock import Mock\nexcept ImportError:\n    pass\n"
        ));
    }

    #[test]
    fn names_only_raise_the_question() {
        for name in [
            "test.py",
            "tests.py",
            "test_a.py",
            "a_test.py",
            "a_tests.py",
            "_testing.py",
        ] {
            assert!(is_test_name(name), "{name}");
        }
        for name in ["contest.py", "testament.py", "latest.py", "attest_a.py"] {
            assert!(!is_test_name(name), "{name}");
        }
    }
}
