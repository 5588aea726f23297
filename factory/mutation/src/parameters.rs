//! What the functions of a file take, as far as calls of them in the same file are concerned.

use std::collections::HashMap;

use tree_sitter::Node;

/// The parameters that a call fills.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Parameters {
    /// In order; the object of a method is not among them.
    all: Vec<Parameter>,
}

#[derive(Debug, PartialEq, Eq)]
struct Parameter {
    name: String,
    is_optional: bool,
    by_position: bool,
}

impl Parameters {
    fn of(function: Node<'_>, source: &str) -> Self {
        let mut all = Vec::new();
        let mut by_position = true;
        let list = function.child_by_field_name("parameters");
        let mut cursor = function.walk();
        for parameter in list
            .iter()
            .flat_map(|list| list.named_children(&mut cursor).collect::<Vec<_>>())
        {
            let name = parameter
                .child_by_field_name("name")
                .or_else(|| parameter.named_child(0))
                .unwrap_or(parameter);
            let is_optional = match parameter.kind() {
                "identifier" => false,
                "typed_parameter" if name.kind() == "identifier" => false,
                "default_parameter" | "typed_default_parameter" => true,
                // What follows `*` or `*args` is given by name; `**options` is last.
                "keyword_separator" | "list_splat_pattern" | "typed_parameter" => {
                    by_position = false;
                    continue;
                }
                _ => continue,
            };
            let name = source[name.byte_range()].to_owned();
            if !matches!(name.as_str(), "self" | "cls" | "mcs") {
                all.push(Parameter {
                    name,
                    is_optional,
                    by_position,
                });
            }
        }
        Self { all }
    }

    /// Whether a call is still complete without its last positional argument, of so many.
    pub(crate) fn allow_fewer_than(&self, count: usize) -> bool {
        let mut positional = self.all.iter().filter(|parameter| parameter.by_position);
        positional
            .nth(count.saturating_sub(1))
            .is_none_or(|last| last.is_optional)
    }

    /// Whether a call is still complete without its argument of this name.
    pub(crate) fn allow_without(&self, name: &str) -> bool {
        let named = self.all.iter().find(|parameter| parameter.name == name);
        named.is_none_or(|parameter| parameter.is_optional)
    }
}

/// The parameters of all functions of a file, by how calls name them.
#[derive(Debug, Default)]
pub(crate) struct Callables {
    /// Functions and classes by their name, methods by theirs behind a dot; `None` where two differ.
    by_name: HashMap<String, Option<Parameters>>,
}

impl Callables {
    /// Notes a function, with the class that it is a method of.
    pub(crate) fn add(&mut self, function: Node<'_>, class: Option<&str>, source: &str) {
        let name = function
            .child_by_field_name("name")
            .map_or("", |name| &source[name.byte_range()]);
        let called = match class {
            Some(class) if name == "__init__" => class.to_owned(),
            Some(_) => format!(".{name}"),
            None => name.to_owned(),
        };
        let parameters = Parameters::of(function, source);
        self.by_name
            .entry(called)
            .and_modify(|known| {
                if known.as_ref() != Some(&parameters) {
                    *known = None;
                }
            })
            .or_insert(Some(parameters));
    }

    /// The parameters of what a call names, if the file tells.
    pub(crate) fn find(&self, name: &str, receiver: Option<&str>) -> Option<&Parameters> {
        let found = match receiver {
            None => self.by_name.get(name),
            Some("self" | "cls") => self.by_name.get(&format!(".{name}")),
            Some(_) => None,
        };
        found?.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::parser;

    fn callables(source: &str) -> Callables {
        let tree = parser().parse(source, None).unwrap();
        let mut found = Callables::default();
        let mut cursor = tree.root_node().walk();
        for function in tree.root_node().named_children(&mut cursor) {
            found.add(function, None, source);
        }
        found
    }

    #[test]
    fn defaults_say_what_a_call_may_leave_out() {
        let found = callables("def f(a, b: int, c=1, *args, d, e: int = 2, **k): pass\n");
        let f = found.find("f", None).unwrap();
        let fewer: Vec<bool> = (1..=4).map(|count| f.allow_fewer_than(count)).collect();
        assert_eq!(fewer, [false, false, true, true]);
        let without: Vec<bool> = ["a", "c", "d", "e", "other"]
            .iter()
            .map(|name| f.allow_without(name))
            .collect();
        assert_eq!(without, [false, true, false, true, true]);
    }

    #[test]
    fn nothing_is_said_of_two_functions_that_differ() {
        let found =
            callables("def f(a): pass\ndef f(a, b=1): pass\ndef g(a): pass\ndef g(a): pass\n");
        assert!(found.find("f", None).is_none());
        assert!(found.find("g", None).is_some());
        assert!(found.find("g", Some("other")).is_none());
    }
}
