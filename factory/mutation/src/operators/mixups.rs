//! Names taken for one another: `self.start` for `self.end`, `row` for `col`, the wrong local returned.
//!
//! Each rule looks at a function's body once, as a whole, and exchanges only names that the same function
//! uses, so that the break is quiet rather than a `NameError`.

use tree_sitter::Node;

use super::rule::Rule;
use super::similar::{likeness, most_alike};
use super::syntax::{descend, is_for_people, parts};
use crate::context::Context;
use crate::operator::{Edit, Sites};

pub(crate) static ATTRIBUTE: Rule = Rule {
    name: "func_pm_attribute_mixup",
    summary: "an attribute gives way to a like-named one of the same object: `self.start` to `self.end`",
    kinds: &["block"],
    sites: attribute,
};

pub(crate) static LOCAL: Rule = Rule {
    name: "func_pm_name_mixup",
    summary: "a local variable or parameter gives way to a like-named one",
    kinds: &["block"],
    sites: local,
};

pub(crate) static RETURN_OTHER: Rule = Rule {
    name: "func_pm_return_other",
    summary: "`return x` returns the local that was bound last before",
    kinds: &["block"],
    sites: return_other,
};

/// More names than this in one function are generated tables, not something a person mixes up.
const MOST_NAMES: usize = 200;

fn is_function_body(node: Node<'_>, context: &Context<'_>) -> bool {
    context.function().is_some_and(|scope| {
        context.parent().is_some_and(|parent| parent == scope.node) && node.kind() == "block"
    })
}

fn opens_scope(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        "function_definition" | "class_definition" | "lambda" | "type"
    )
}

fn attribute<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    if !is_function_body(node, context) {
        return;
    }
    let mut uses: Vec<(&'a str, &'a str, Node<'a>)> = Vec::new();
    descend(node, |below, parent, field| {
        let is_called = parent.kind() == "call" && field == Some("function");
        if below.kind() == "attribute"
            && !is_called
            && let (Some(object), Some(name)) = (
                below.child_by_field_name("object"),
                below.child_by_field_name("attribute"),
            )
            && object.kind() == "identifier"
        {
            uses.push((context.text(object), context.text(name), name));
        }
        !opens_scope(below) && !is_for_people(below, context)
    });
    let mut known: Vec<(&str, &str)> = uses
        .iter()
        .map(|(object, name, _)| (*object, *name))
        .collect();
    known.sort_unstable();
    known.dedup();
    if known.len() < 2 || known.len() > MOST_NAMES {
        return;
    }
    for (object, name, place) in uses {
        let others = known
            .iter()
            .filter(|(of, _)| *of == object)
            .map(|(_, other)| *other);
        if let Some(other) = most_alike(name, others) {
            sites.one(Edit::replace(place.byte_range(), other));
        }
    }
}

/// The locals of one function: from which row on each is bound, and every place that reads one.
struct Locals<'a> {
    bound: Vec<(&'a str, usize)>,
    reads: Vec<(&'a str, Node<'a>, bool)>,
}

impl<'a> Locals<'a> {
    fn find(body: Node<'a>, context: &Context<'a>) -> Option<Self> {
        let function = context.function()?.node;
        let mut found = Self {
            bound: Vec::new(),
            reads: Vec::new(),
        };
        for parameter in parts(function.child_by_field_name("parameters")?) {
            let name = parameter.child_by_field_name("name").unwrap_or(parameter);
            let name = if name.kind() == "identifier" {
                Some(name)
            } else {
                name.named_child(0)
            };
            if let Some(name) = name.filter(|name| name.kind() == "identifier") {
                found.bind(context.text(name), 0);
            }
        }
        descend(body, |node, parent, field| {
            if node.kind() == "identifier" {
                found.see(node, parent, field, context.text(node));
            }
            !opens_scope(node) && !is_elsewhere(node) && !is_for_people(node, context)
        });
        found
            .reads
            .retain(|(name, _, _)| found.bound.iter().any(|(known, _)| known == name));
        (found.bound.len() > 1 && found.bound.len() <= MOST_NAMES).then_some(found)
    }

    fn bind(&mut self, name: &'a str, row: usize) {
        if !matches!(name, "self" | "cls" | "_")
            && !self.bound.iter().any(|(known, _)| *known == name)
        {
            self.bound.push((name, row));
        }
    }

    fn see(&mut self, node: Node<'a>, parent: Node<'a>, field: Option<&str>, name: &'a str) {
        match (parent.kind(), field) {
            ("assignment" | "for_statement", Some("left"))
            | ("pattern_list" | "tuple_pattern" | "as_pattern_target", _) => {
                // not yet in the statement itself
                self.bind(name, node.start_position().row + 1);
            }
            (_, Some("function" | "name" | "attribute"))
            | ("augmented_assignment" | "for_in_clause", Some("left")) => {}
            (kind, _) => self.reads.push((name, node, kind == "return_statement")),
        }
    }

    fn bound_at(&self, place: Node<'a>) -> impl Iterator<Item = &'a str> {
        let row = place.start_position().row;
        self.bound
            .iter()
            .filter(move |(_, from)| *from <= row)
            .map(|(name, _)| *name)
    }
}

/// Statements whose names are not read.
fn is_elsewhere(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        "import_statement"
            | "import_from_statement"
            | "global_statement"
            | "nonlocal_statement"
            | "delete_statement"
            | "case_pattern"
    )
}

fn local<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    if !is_function_body(node, context) {
        return;
    }
    let Some(locals) = Locals::find(node, context) else {
        return;
    };
    for (name, place, _) in &locals.reads {
        if let Some(other) = most_alike(name, locals.bound_at(*place)) {
            sites.one(Edit::replace(place.byte_range(), other));
        }
    }
}

fn return_other<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    if !is_function_body(node, context) {
        return;
    }
    let Some(locals) = Locals::find(node, context) else {
        return;
    };
    for (name, place, _) in locals
        .reads
        .iter()
        .filter(|(_, _, is_returned)| *is_returned)
    {
        let last = locals.bound_at(*place).filter(|other| other != name).last();
        if let Some(other) = last.filter(|other| likeness(name, other) == 0) {
            sites.one(Edit::replace(place.byte_range(), other));
        }
    }
}
