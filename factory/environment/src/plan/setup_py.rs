//! `setup.py`, read with a parser: the arguments of its `setup(...)` call as far as they are literals,
//! names of literals, sums of them, or requirement files read by a helper.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use tree_sitter::{Node, Parser};

use super::requirements::read_file;
use super::{Plan, Purpose, Wanted, pyproject, text_of};

/// What an expression is known to be.
#[derive(Clone, Debug)]
enum Literal {
    Text(String),
    List(Vec<String>),
    Table(BTreeMap<String, Literal>),
}

pub(super) fn read(tree: &Path, plan: &mut Plan) {
    let Some(text) = text_of(tree, Path::new("setup.py")) else {
        return;
    };
    let mut parser = Parser::new();
    let parsed = parser
        .set_language(&tree_sitter_python::LANGUAGE.into())
        .ok()
        .and_then(|()| parser.parse(&text, None));
    let Some(parsed) = parsed else {
        plan.notes.push("setup.py cannot be parsed".into());
        return;
    };
    let mut reader = Reader {
        tree,
        text: &text,
        names: BTreeMap::new(),
        notes: Vec::new(),
    };
    reader.read_assignments(parsed.root_node());
    if let Some(arguments) = reader.setup_arguments(parsed.root_node()) {
        apply(arguments, plan);
    }
    plan.notes.append(&mut reader.notes);
}

fn apply(arguments: BTreeMap<String, Literal>, plan: &mut Plan) {
    for (name, value) in arguments {
        match (name.as_str(), value) {
            ("name", Literal::Text(name)) if plan.distribution.is_none() => {
                plan.distribution = Some(name);
            }
            ("python_requires", Literal::Text(specifiers)) => plan.requires_python.push(specifiers),
            ("classifiers", value) => pyproject::read_classifiers(&value.lines(), plan),
            ("install_requires" | "requires", value) => {
                let known: BTreeSet<String> = plan.dependencies.iter().cloned().collect();
                let new = value
                    .lines()
                    .into_iter()
                    .filter(|line| !known.contains(line));
                plan.dependencies.extend(new);
            }
            ("tests_require" | "test_requires", value) => plan.wanted.push(Wanted {
                origin: "setup.py tests_require".into(),
                purpose: Purpose::Tests,
                requirements: value.lines(),
            }),
            ("extras_require", Literal::Table(extras)) => {
                for (extra, lines) in extras.into_iter().filter(|(extra, _)| !extra.contains(':')) {
                    plan.extras.insert(extra, lines.lines());
                }
            }
            _ => {}
        }
    }
}

impl Literal {
    /// As requirement lines: setuptools takes a list or a text with one a line.
    fn lines(self) -> Vec<String> {
        let lines = match self {
            Self::Text(text) => text.lines().map(str::to_owned).collect(),
            Self::List(lines) => lines,
            Self::Table(_) => Vec::new(),
        };
        let lines = lines.into_iter().map(|line| line.trim().to_owned());
        lines
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .collect()
    }
}

struct Reader<'a> {
    tree: &'a Path,
    text: &'a str,
    names: BTreeMap<String, Literal>,
    notes: Vec<String>,
}

impl Reader<'_> {
    /// Module-level names, in order, so that later ones may use earlier ones.
    fn read_assignments(&mut self, module: Node<'_>) {
        for statement in children(module) {
            let Some(assignment) = statement.named_child(0).filter(|node| {
                statement.kind() == "expression_statement"
                    && matches!(node.kind(), "assignment" | "augmented_assignment")
            }) else {
                continue;
            };
            let (Some(left), Some(right)) = (
                assignment.child_by_field_name("left"),
                assignment.child_by_field_name("right"),
            ) else {
                continue;
            };
            let Some(value) = self.evaluate(right) else {
                continue;
            };
            match left.kind() {
                "identifier" if assignment.kind() == "assignment" => {
                    self.names.insert(self.source(left).to_owned(), value);
                }
                "identifier" => {
                    if let (Some(Literal::List(list)), Literal::List(more)) =
                        (self.names.get_mut(&self.text[left.byte_range()]), value)
                    {
                        list.extend(more);
                    }
                }
                "subscript" => self.assign_item(left, value),
                _ => {}
            }
        }
    }

    /// `extras["test"] = [...]`.
    fn assign_item(&mut self, left: Node<'_>, value: Literal) {
        let table = left
            .child_by_field_name("value")
            .map(|node| self.source(node).to_owned());
        let key = left
            .child_by_field_name("subscript")
            .and_then(|node| self.evaluate(node));
        if let (Some(table), Some(Literal::Text(key))) = (table, key)
            && let Some(Literal::Table(table)) = self.names.get_mut(&table)
        {
            table.insert(key, value);
        }
    }

    /// The keyword arguments of the first call of `setup` or `….setup`, `**name` ones included.
    fn setup_arguments(&mut self, node: Node<'_>) -> Option<BTreeMap<String, Literal>> {
        if node.kind() == "call" {
            let function = node.child_by_field_name("function")?;
            let called = self.source(function);
            if called.rsplit('.').next() == Some("setup") {
                return Some(self.keywords(node));
            }
        }
        children(node)
            .into_iter()
            .find_map(|child| self.setup_arguments(child))
    }

    fn keywords(&mut self, call: Node<'_>) -> BTreeMap<String, Literal> {
        let mut found = BTreeMap::new();
        for argument in call
            .child_by_field_name("arguments")
            .map(children)
            .unwrap_or_default()
        {
            if argument.kind() == "dictionary_splat" {
                let inner = argument
                    .named_child(0)
                    .and_then(|inner| self.evaluate(inner));
                if let Some(Literal::Table(table)) = inner {
                    found.extend(table);
                }
            }
            let (Some(name), Some(value)) = (
                argument.child_by_field_name("name"),
                argument.child_by_field_name("value"),
            ) else {
                continue;
            };
            if let Some(value) = self.evaluate(value) {
                found.insert(self.source(name).to_owned(), value);
            }
        }
        found
    }

    fn evaluate(&mut self, node: Node<'_>) -> Option<Literal> {
        match node.kind() {
            "string" => Some(Literal::Text(self.string(node))),
            "concatenated_string" => {
                let parts = children(node);
                Some(Literal::Text(
                    parts.into_iter().map(|part| self.string(part)).collect(),
                ))
            }
            "list" | "tuple" | "set" => Some(Literal::List(self.elements(node))),
            "parenthesized_expression" => self.evaluate(node.named_child(0)?),
            "dictionary" => Some(Literal::Table(self.table(node))),
            "identifier" => self.names.get(self.source(node)).cloned(),
            "subscript" => {
                let value = self.evaluate(node.child_by_field_name("value")?)?;
                match (value, self.evaluate(node.child_by_field_name("subscript")?)) {
                    (Literal::Table(table), Some(Literal::Text(key))) => table.get(&key).cloned(),
                    _ => None,
                }
            }
            "binary_operator" => {
                let left = self.evaluate(node.child_by_field_name("left")?);
                let right = self.evaluate(node.child_by_field_name("right")?);
                match (left, right) {
                    (Some(Literal::List(mut left)), Some(Literal::List(right))) => {
                        left.extend(right);
                        Some(Literal::List(left))
                    }
                    (Some(Literal::Text(left)), Some(Literal::Text(right))) => {
                        Some(Literal::Text(left + &right))
                    }
                    // Half a list is better than none.
                    (Some(list @ Literal::List(_)), None)
                    | (None, Some(list @ Literal::List(_))) => Some(list),
                    _ => None,
                }
            }
            "call" => self.call(node),
            _ => None,
        }
    }

    /// `dict(...)`, `list(x)` and their like, and helpers that read a requirements file named in the call.
    fn call(&mut self, node: Node<'_>) -> Option<Literal> {
        let function = self
            .source(node.child_by_field_name("function")?)
            .to_owned();
        if function == "dict" {
            return Some(Literal::Table(self.keywords(node)));
        }
        let arguments = children(node.child_by_field_name("arguments")?);
        if matches!(function.as_str(), "list" | "tuple" | "sorted" | "set") {
            return self.evaluate(*arguments.first()?);
        }
        let file = arguments
            .into_iter()
            .find_map(|argument| match self.evaluate(argument) {
                Some(Literal::Text(text))
                    if Path::new(&text).extension().is_some_and(|e| e == "txt") =>
                {
                    Some(text)
                }
                _ => None,
            })?;
        let lines = read_file(
            self.tree,
            Path::new(&file),
            &mut BTreeSet::new(),
            &mut self.notes,
        );
        (!lines.is_empty()).then_some(Literal::List(lines))
    }

    fn elements(&mut self, node: Node<'_>) -> Vec<String> {
        let mut lines = Vec::new();
        for child in children(node) {
            let inner = if child.kind() == "list_splat" {
                child.named_child(0)
            } else {
                Some(child)
            };
            match inner.and_then(|inner| self.evaluate(inner)) {
                Some(Literal::Text(text)) => lines.push(text),
                Some(Literal::List(more)) => lines.extend(more),
                Some(Literal::Table(_)) | None => {}
            }
        }
        lines
    }

    fn table(&mut self, node: Node<'_>) -> BTreeMap<String, Literal> {
        let mut table = BTreeMap::new();
        for pair in children(node)
            .into_iter()
            .filter(|child| child.kind() == "pair")
        {
            let key = pair
                .child_by_field_name("key")
                .and_then(|key| self.evaluate(key));
            let value = pair
                .child_by_field_name("value")
                .and_then(|value| self.evaluate(value));
            if let (Some(Literal::Text(key)), Some(value)) = (key, value) {
                table.insert(key, value);
            }
        }
        table
    }

    /// A string's content; one with interpolations keeps what stands between them.
    fn string(&self, node: Node<'_>) -> String {
        let parts = children(node)
            .into_iter()
            .filter(|part| part.kind() == "string_content");
        parts.map(|part| self.source(part)).collect()
    }

    fn source(&self, node: Node<'_>) -> &str {
        &self.text[node.byte_range()]
    }
}

fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).collect()
}
