//! Taking tests out of a file, and nothing else.

use std::collections::BTreeSet;
use std::ops::Range;

use tree_sitter::Node;

use super::python::Module;
use super::suite::Removal;

/// A file without some of its tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hidden {
    /// The new text.
    pub(crate) text: String,
    /// Names that had to stay, since what is left in the file uses them.
    pub(crate) kept: BTreeSet<String>,
}

/// Takes tests out: whole functions with their decorators and the comments right above them. A block that would
/// be empty gets `pass`. `None` when the result is no Python.
pub(crate) fn hide(module: &Module, removals: &BTreeSet<Removal>) -> Option<Hidden> {
    let mut gone: Vec<Node<'_>> = Vec::new();
    let mut overrides = Vec::new();
    for removal in removals {
        match removal {
            Removal::Binding { classes, name } => {
                gone.extend(module.bindings(classes, name));
            }
            Removal::Override { classes, name } => overrides.push((classes, name)),
        }
    }
    let mut kept = BTreeSet::new();
    // What stays may use what another removal would take, so this goes on until nothing more has to stay.
    loop {
        let needed = used_outside(module, &gone);
        let before = gone.len();
        gone.retain(|node| {
            let name = name_of(module, *node);
            let stays = needed.contains(name);
            if stays {
                kept.insert(name.to_owned());
            }
            !stays
        });
        if gone.len() == before {
            break;
        }
    }
    let mut edits: Vec<(Range<usize>, String)> = gone
        .iter()
        .map(|node| (whole_lines(module, *node), String::new()))
        .collect();
    edits.extend(fillers(module, &gone));
    for (classes, name) in overrides {
        edits.extend(overriding(module, classes, name));
    }
    let text = apply(&module.source, edits);
    Module::parse(text.clone())?;
    Some(Hidden { text, kept })
}

/// The name that a statement binds.
fn name_of<'s>(module: &'s Module, statement: Node<'_>) -> &'s str {
    let definition = statement
        .child_by_field_name("definition")
        .unwrap_or(statement);
    let name = definition.child_by_field_name("name").or_else(|| {
        let assignment = definition.named_child(0)?;
        assignment.child_by_field_name("left")
    });
    name.map_or("", |name| &module.source[name.byte_range()])
}

/// Every identifier that is read outside of the statements that go.
fn used_outside<'s>(module: &'s Module, gone: &[Node<'_>]) -> BTreeSet<&'s str> {
    let ids: BTreeSet<usize> = gone.iter().map(Node::id).collect();
    let mut used = BTreeSet::new();
    let mut stack = vec![module.root()];
    while let Some(node) = stack.pop() {
        if ids.contains(&node.id()) {
            continue;
        }
        if node.kind() == "identifier" && !is_definition(node) {
            used.insert(&module.source[node.byte_range()]);
        }
        let mut cursor = node.walk();
        stack.extend(node.named_children(&mut cursor));
    }
    used
}

/// Whether an identifier only says what is defined, or names a keyword or a parameter.
fn is_definition(node: Node<'_>) -> bool {
    let Some(parent) = node.parent() else {
        return false;
    };
    let is_field = |field: &str| {
        parent
            .child_by_field_name(field)
            .is_some_and(|child| child.id() == node.id())
    };
    match parent.kind() {
        "function_definition" | "class_definition" | "keyword_argument" => is_field("name"),
        "assignment" => is_field("left"),
        "parameters" => true,
        _ => false,
    }
}

/// The lines of a statement, of the comments right above it, and of the blank lines behind it.
fn whole_lines(module: &Module, node: Node<'_>) -> Range<usize> {
    let source = module.source.as_str();
    let line_end = |at: usize| {
        source[at..]
            .find('\n')
            .map_or(source.len(), |newline| at + newline + 1)
    };
    let mut start = line_start(source, node.start_byte());
    let indent = &source[start..node.start_byte()];
    while start > 0 {
        let above = line_start(source, start - 1);
        let is_comment = source[above..start]
            .strip_prefix(indent)
            .is_some_and(|line| line.starts_with('#') && !line.starts_with("#!"));
        // The first lines of a file may be about the file: its encoding, its licence.
        if !is_comment || above == 0 {
            break;
        }
        start = above;
    }
    let mut end = line_end(node.end_byte());
    while end < source.len() && source[end..line_end(end)].trim().is_empty() {
        end = line_end(end);
    }
    start..end
}

/// Where the line that holds a byte begins.
fn line_start(source: &str, at: usize) -> usize {
    source[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// `pass` for each block that loses all its statements.
fn fillers(module: &Module, gone: &[Node<'_>]) -> Vec<(Range<usize>, String)> {
    let ids: BTreeSet<usize> = gone.iter().map(Node::id).collect();
    let mut seen = BTreeSet::new();
    let mut edits = Vec::new();
    for node in gone {
        let Some(block) = node.parent().filter(|parent| parent.kind() == "block") else {
            continue;
        };
        let mut cursor = block.walk();
        let empty = block
            .named_children(&mut cursor)
            .filter(|child| child.kind() != "comment")
            .all(|child| ids.contains(&child.id()));
        if empty && seen.insert(block.id()) {
            let at = whole_lines(module, *node).start;
            let line = line_start(&module.source, node.start_byte());
            let indent = &module.source[line..node.start_byte()];
            edits.push((at..at, format!("{indent}pass\n\n\n")));
        }
    }
    edits
}

/// `name = None` at the end of a class's body.
fn overriding(module: &Module, classes: &[String], name: &str) -> Option<(Range<usize>, String)> {
    let class = module
        .classes()
        .into_iter()
        .find(|class| class.path == classes)?;
    let at = class.body.end;
    let text = match class.indent {
        Some(indent) => format!("\n{indent}{name} = None"),
        None => format!("; {name} = None"),
    };
    Some((at..at, text))
}

fn apply(source: &str, mut edits: Vec<(Range<usize>, String)>) -> String {
    // Insertions come before the deletion that begins at the same place.
    edits.sort_by_key(|(range, _)| (range.start, range.end));
    let mut text = String::with_capacity(source.len());
    let mut at = 0;
    for (range, new) in edits {
        text.push_str(source.get(at..range.start.max(at)).unwrap_or_default());
        text.push_str(&new);
        at = at.max(range.end);
    }
    text.push_str(&source[at..]);
    let trimmed = text.trim_end().len();
    text.truncate(trimmed);
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(source: &str, names: &[&str]) -> Hidden {
        let module = Module::parse(source.to_owned()).unwrap();
        let removal = |name: &&str| {
            let mut classes: Vec<String> = name.split("::").map(str::to_owned).collect();
            let name = classes.pop().unwrap();
            Removal::Binding { classes, name }
        };
        hide(&module, &names.iter().map(removal).collect()).unwrap()
    }

    #[test]
    fn a_function_goes_with_its_decorators_and_its_comment_and_leaves_its_neighbours() {
        let source = "import pytest\n\n\ndef test_a():\n    pass\n\n\n# About b.\n@pytest.mark.x\n@pytest.mark.y(1)\n\
                      def test_b():\n    assert 1\n\n\ndef test_c():\n    pass\n";
        let text = hidden(source, &["test_b"]).text;
        assert_eq!(
            text,
            "import pytest\n\n\ndef test_a():\n    pass\n\n\ndef test_c():\n    pass\n"
        );
    }

    #[test]
    fn a_block_that_loses_everything_gets_pass_with_its_own_blanks() {
        let source = "class A:\n\tdef test_a(self):\n\t\tassert 1\n\n\tdef test_b(self):\n\t\tassert 1\n\nx = 1\n";
        let text = hidden(source, &["A::test_a", "A::test_b"]).text;
        assert_eq!(text, "class A:\n\tpass\n\n\nx = 1\n");
        let with_doc = "class A:\n    'Doc.'\n    def test_a(self):\n        assert 1\n";
        assert_eq!(
            hidden(with_doc, &["A::test_a"]).text,
            "class A:\n    'Doc.'\n"
        );
    }

    #[test]
    fn only_the_named_class_loses_its_test() {
        let source = "class A:\n    def test(self):\n        pass\n\n\nclass B:\n    def test(self):\n        pass\n";
        let text = hidden(source, &["B::test"]).text;
        assert_eq!(
            text,
            "class A:\n    def test(self):\n        pass\n\n\nclass B:\n    pass\n"
        );
    }

    #[test]
    fn what_is_used_by_what_stays_stays_and_is_told() {
        let source =
            "def test_a():\n    pass\n\n\ndef test_b():\n    test_a()\n\n\ntest_c = test_b\n";
        let all_go = hidden(source, &["test_a", "test_b", "test_c"]);
        assert_eq!((all_go.text.as_str(), all_go.kept.len()), ("", 0));
        let one_stays = hidden(source, &["test_a", "test_b"]);
        assert_eq!(one_stays.text, source);
        assert_eq!(one_stays.kept.len(), 2);
    }

    #[test]
    fn an_inherited_test_is_taken_from_one_class() {
        let module = Module::parse("class A(B):\n    x = 1\n\n\ny = 2\n".to_owned()).unwrap();
        let removal = Removal::Override {
            classes: vec!["A".into()],
            name: "test_a".into(),
        };
        let text = hide(&module, &[removal].into()).unwrap().text;
        assert_eq!(
            text,
            "class A(B):\n    x = 1\n    test_a = None\n\n\ny = 2\n"
        );
    }
}
