//! Like-named built-ins taken for one another: `lstrip` for `rstrip`, `any` for `all`, `append` for `extend`.

use tree_sitter::Node;

use super::rule::Rule;
use super::syntax::{arguments, callee};
use crate::context::Context;
use crate::operator::{Edit, Sites};

pub(crate) static METHOD: Rule = Rule {
    name: "func_pm_method_pair",
    summary: "a method gives way to its sibling: `lower`/`upper`, `lstrip`/`rstrip`, `find`/`rfind`, `append`/`extend`, …",
    kinds: &["call"],
    sites: method,
};

pub(crate) static BUILTIN: Rule = Rule {
    name: "func_pm_builtin_pair",
    summary: "`min`/`max`, `any`/`all`, `math.floor`/`math.ceil` and the like are taken for one another",
    kinds: &["call"],
    sites: builtin,
};

fn method<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let Some((name_node, name, Some(object))) = callee(node, context) else {
        return;
    };
    let others: &[&str] = match name {
        "lower" | "casefold" => &["upper"],
        "upper" => &["lower"],
        "title" => &["capitalize"],
        "capitalize" => &["title"],
        "strip" => &["lstrip", "rstrip"],
        "lstrip" => &["rstrip"],
        "rstrip" => &["lstrip"],
        "startswith" => &["endswith"],
        "endswith" => &["startswith"],
        "removeprefix" => &["removesuffix"],
        "removesuffix" => &["removeprefix"],
        "ljust" => &["rjust"],
        "rjust" => &["ljust"],
        "find" => &["rfind"],
        "rfind" => &["find"],
        "rindex" => &["index"],
        "partition" => &["rpartition"],
        "rpartition" => &["partition"],
        "rsplit" => &["split"],
        "split" if arguments(node).len() > 1 => &["rsplit"],
        "isdigit" | "isalpha" => &["isalnum"],
        "isalnum" => &["isalpha"],
        "isupper" => &["islower"],
        "islower" => &["isupper"],
        "append" => &["extend"],
        "popleft" => &["pop"],
        "extend" | "appendleft" => &["append"],
        "union" => &["intersection"],
        "intersection" => &["union"],
        "difference" => &["symmetric_difference", "intersection"],
        "issubset" => &["issuperset"],
        "issuperset" => &["issubset"],
        "match" if is_regex(object, context) => &["search"],
        "search" | "fullmatch" if is_regex(object, context) => &["match"],
        "keys" if arguments(node).is_empty() => &["values"],
        "values" if arguments(node).is_empty() => &["keys"],
        _ => return,
    };
    for other in others {
        sites.one(Edit::replace(name_node.byte_range(), *other));
    }
}

/// Whether an object is a regular expression, by its name or by how the file makes it; other objects have a
/// `match` too, but no `search`.
fn is_regex(object: Node<'_>, context: &Context<'_>) -> bool {
    let text = context.text(object);
    let name = text.rsplit('.').next().unwrap_or(text);
    let is_telling = name
        .to_ascii_lowercase()
        .split('_')
        .any(|word| matches!(word, "re" | "regex" | "regexp" | "pattern" | "rx"));
    is_telling
        || text.starts_with("re.compile(")
        || context.source.contains(&format!("{name} = re.compile("))
}

fn builtin<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let Some((name_node, name, receiver)) = callee(node, context) else {
        return;
    };
    let other = match (receiver.map(|module| context.text(module)), name) {
        (None, "min") => "max",
        (None, "max") => "min",
        (None, "any") => "all",
        (None, "all") => "any",
        (Some("math"), "floor") => "ceil",
        (Some("math"), "ceil") => "floor",
        (Some("os.path"), "basename") => "dirname",
        (Some("os.path"), "dirname") => "basename",
        (Some("os.path"), "isfile") => "isdir",
        (Some("os.path"), "isdir") => "isfile",
        (Some("heapq"), "nlargest") => "nsmallest",
        (Some("heapq"), "nsmallest") => "nlargest",
        (Some("bisect"), "bisect_left") => "bisect_right",
        (Some("bisect"), "bisect_right" | "bisect") => "bisect_left",
        (Some("itertools"), "takewhile") => "dropwhile",
        (Some("itertools"), "dropwhile") => "takewhile",
        (Some("itertools"), "combinations") => "permutations",
        (Some("itertools"), "permutations") => "combinations",
        (Some("operator"), "itemgetter") => "attrgetter",
        _ => return,
    };
    sites.one(Edit::replace(name_node.byte_range(), other));
}
