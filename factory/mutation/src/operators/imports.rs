//! Imports: the wrong one of two like-named things, under the name of the other.

use tree_sitter::Node;

use super::rule::Rule;
use super::similar::likeness;
use crate::context::Context;
use crate::operator::{Edit, Sites};

pub(crate) static IMPORT_SWAP: Rule = Rule {
    name: "func_pm_import_swap",
    summary: "a name is imported from its like-named neighbour: `from m import b as a, b`",
    kinds: &["import_from_statement"],
    sites: import_swap,
};

/// Siblings in the standard library, which every Python has.
const SIBLINGS: &[(&str, &str, &str)] = &[
    ("copy", "copy", "deepcopy"),
    ("math", "floor", "ceil"),
    ("os.path", "basename", "dirname"),
    ("os.path", "isfile", "isdir"),
    ("bisect", "bisect_left", "bisect_right"),
    ("bisect", "insort_left", "insort_right"),
    ("heapq", "nlargest", "nsmallest"),
    ("itertools", "takewhile", "dropwhile"),
    ("itertools", "combinations", "permutations"),
    ("urllib.parse", "quote", "unquote"),
    ("urllib.parse", "quote", "quote_plus"),
    ("html", "escape", "unescape"),
];

fn import_swap<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let Some(module) = node.child_by_field_name("module_name") else {
        return;
    };
    let module = context.text(module);
    let mut cursor = node.walk();
    let items: Vec<Node<'a>> = node.children_by_field_name("name", &mut cursor).collect();
    let original = |item: Node<'a>| context.text(item.child_by_field_name("name").unwrap_or(item));
    for item in &items {
        let name = original(*item);
        let neighbours = items
            .iter()
            .map(|other| original(*other))
            .filter(|other| is_alike(name, other));
        let siblings = SIBLINGS
            .iter()
            .filter(|(of, _, _)| *of == module)
            .filter_map(|(_, one, two)| {
                [(*one, *two), (*two, *one)]
                    .into_iter()
                    .find(|(from, _)| *from == name)
                    .map(|(_, to)| to)
            });
        // A family of many alike (`TestA`, `TestB`, …) gives each one mistake, the next of them.
        if let Some(other) = neighbours
            .chain(siblings)
            .max_by_key(|other| likeness(name, other))
        {
            let place = item.child_by_field_name("name").unwrap_or(*item);
            let is_aliased = item.kind() == "aliased_import";
            let text = if is_aliased {
                other.to_owned()
            } else {
                format!("{other} as {name}")
            };
            sites.one(Edit::replace(place.byte_range(), text));
        }
    }
}

/// Alike, and the same kind of thing: constants, classes and functions are written differently.
fn is_alike(a: &str, b: &str) -> bool {
    let style = |name: &str| {
        let has_lower = name.contains(char::is_lowercase);
        (has_lower, name.starts_with(char::is_uppercase))
    };
    style(a) == style(b) && likeness(a, b) >= 40
}
