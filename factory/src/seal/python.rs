//! What hiding tests needs to know of a Python file: its classes, and where functions are defined.

use std::collections::BTreeMap;
use std::ops::Range;

use tree_sitter::{Node, Parser, Tree};

/// A parsed file.
pub(crate) struct Module {
    /// The text.
    pub(crate) source: String,
    tree: Tree,
}

/// A class statement.
#[derive(Clone, Debug)]
pub(crate) struct Class {
    /// Its name and those of the classes around it, the outermost first.
    pub(crate) path: Vec<String>,
    /// The last parts of its bases' names, in order.
    pub(crate) bases: Vec<String>,
    /// The bytes of its body.
    pub(crate) body: Range<usize>,
    /// The blanks before each statement of its body; `None` when that stands on the class's own line.
    pub(crate) indent: Option<String>,
}

/// The statement that a definition's decorators make of it.
fn decorated(node: Node<'_>) -> Option<Node<'_>> {
    node.parent()
        .filter(|parent| parent.kind() == "decorated_definition")
}

/// A parser for Python.
pub(crate) fn parser() -> Parser {
    let mut parser = Parser::new();
    parser
        .set_language(&tree_sitter_python::LANGUAGE.into())
        .expect("both crates are compiled in, and their versions fit");
    parser
}

impl Module {
    /// Reads a file; `None` when the grammar finds an error in it.
    pub(crate) fn parse(source: String) -> Option<Self> {
        let tree = parser()
            .parse(&source, None)
            .expect("no time-out and no cancelling is set");
        (!tree.root_node().has_error()).then_some(Self { source, tree })
    }

    pub(crate) fn root(&self) -> Node<'_> {
        self.tree.root_node()
    }

    pub(crate) fn text(&self, node: Node<'_>) -> &str {
        &self.source[node.byte_range()]
    }

    /// Every class of the module and of classes, wherever it stands in `if`, `try` and the like.
    pub(crate) fn classes(&self) -> Vec<Class> {
        let mut found = Vec::new();
        self.visit(self.root(), &mut Vec::new(), &mut |path, node| {
            if node.kind() == "class_definition" {
                found.extend(self.class(path, node));
            }
        });
        found
    }

    /// The statements that bind this name in the classes of this path (in the module itself for none), each with its
    /// decorators.
    pub(crate) fn bindings(&self, classes: &[String], name: &str) -> Vec<Node<'_>> {
        let mut found = Vec::new();
        self.visit(self.root(), &mut Vec::new(), &mut |path, node| {
            if path == classes && self.bound(node) == Some(name) {
                found.push(decorated(node).unwrap_or(node));
            }
        });
        found
    }

    /// Every name that is bound, by the classes around it, and whether a decorated function bears it.
    pub(crate) fn names(&self) -> BTreeMap<Vec<String>, BTreeMap<String, bool>> {
        let mut found: BTreeMap<Vec<String>, BTreeMap<String, bool>> = BTreeMap::new();
        self.visit(self.root(), &mut Vec::new(), &mut |path, node| {
            if let Some(name) = self.bound(node) {
                let names = found.entry(path.to_vec()).or_default();
                names.insert(name.to_owned(), decorated(node).is_some());
            }
        });
        found
    }

    fn bound<'s>(&'s self, node: Node<'_>) -> Option<&'s str> {
        match node.kind() {
            "function_definition" => {
                let name = node.child_by_field_name("name")?;
                Some(&self.source[name.byte_range()])
            }
            "expression_statement" => {
                let assignment = node.named_child(0)?;
                let left = assignment.child_by_field_name("left")?;
                let is_plain = assignment.kind() == "assignment"
                    && left.kind() == "identifier"
                    && node.named_child_count() == 1;
                is_plain.then(|| &self.source[left.byte_range()])
            }
            _ => None,
        }
    }

    fn class(&self, path: &[String], node: Node<'_>) -> Option<Class> {
        let mut path = path.to_vec();
        path.push(self.text(node.child_by_field_name("name")?).to_owned());
        let body = node.child_by_field_name("body")?;
        let mut bases = Vec::new();
        if let Some(list) = node.child_by_field_name("superclasses") {
            let mut cursor = list.walk();
            for base in list.named_children(&mut cursor) {
                if matches!(base.kind(), "identifier" | "attribute") {
                    let name = self.text(base).rsplit('.').next().unwrap_or_default();
                    bases.push(name.trim().to_owned());
                }
            }
        }
        let line = self.source[..body.start_byte()]
            .rfind('\n')
            .map_or(0, |newline| newline + 1);
        let before = &self.source[line..body.start_byte()];
        Some(Class {
            path,
            bases,
            body: body.byte_range(),
            indent: before.trim().is_empty().then(|| before.to_owned()),
        })
    }

    /// Visits the statements of the module and of its classes, not those in functions.
    fn visit<'t>(
        &self,
        node: Node<'t>,
        path: &mut Vec<String>,
        see: &mut dyn FnMut(&[String], Node<'t>),
    ) {
        let mut cursor = node.walk();
        for child in node.named_children(&mut cursor) {
            see(path, child);
            match child.kind() {
                "class_definition" => {
                    let Some(name) = child.child_by_field_name("name") else {
                        continue;
                    };
                    path.push(self.text(name).to_owned());
                    if let Some(body) = child.child_by_field_name("body") {
                        self.visit(body, path, see);
                    }
                    path.pop();
                }
                "decorated_definition"
                | "block"
                | "if_statement"
                | "elif_clause"
                | "else_clause"
                | "try_statement"
                | "except_clause"
                | "finally_clause"
                | "with_statement"
                | "for_statement"
                | "while_statement" => {
                    self.visit(child, path, see);
                }
                _ => {}
            }
        }
    }
}
