//! SWE-smith's two on control flow: bodies of an `if` exchanged, statements of a function in another order.

use tree_sitter::Node;

use super::rule::Rule;
use super::syntax::{indentation, is_multiline, parts, swap};
use crate::context::Context;
use crate::operator::{Edit, Sites};

pub(crate) static INVERT_IF: Rule = Rule {
    name: "func_pm_ctrl_invert_if",
    summary: "two neighbouring branches of an `if` exchange their bodies",
    kinds: &["if_statement"],
    sites: invert_if,
};

pub(crate) static SHUFFLE: Rule = Rule {
    name: "func_pm_ctrl_shuffle",
    summary: "the statements of a function with a loop or several branches stand in another order",
    kinds: &["function_definition"],
    sites: shuffle,
};

/// SWE-smith takes only `if … else` in functions of complexity 5; neighbours in a chain of `elif` are as
/// good, and so are small functions.
fn invert_if<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let mut cursor = node.walk();
    let branches = node.children_by_field_name("alternative", &mut cursor);
    let bodies: Vec<Node<'a>> = std::iter::once(node)
        .chain(branches)
        .filter_map(|branch| {
            branch
                .child_by_field_name("consequence")
                .or_else(|| branch.child_by_field_name("body"))
        })
        .collect();
    for pair in bodies.windows(2) {
        let (Some(left), Some(right)) = (statements(pair[0]), statements(pair[1])) else {
            continue;
        };
        let multiline = is_multiline(pair[0], context);
        let column = |range: &[Node<'a>]| range[0].start_position().column;
        if multiline == is_multiline(pair[1], context)
            && (!multiline || column(&left) == column(&right))
        {
            let range = |body: &[Node<'a>]| body[0].start_byte()..body[body.len() - 1].end_byte();
            let (left, right) = (range(&left), range(&right));
            sites.several(vec![
                Edit::replace(left.clone(), &context.source[right.clone()]),
                Edit::replace(right, &context.source[left]),
            ]);
        }
    }
}

fn statements(body: Node<'_>) -> Option<Vec<Node<'_>>> {
    let statements = parts(body);
    (!statements.is_empty()).then_some(statements)
}

/// SWE-smith asks for a loop and a complexity of 3 to 10, and draws one order. Here a loop or a complexity
/// of 3 is enough, and the orders are few and fixed: each two neighbours exchanged where the second does not
/// read what the first has bound, which would fail at once; where none can be, all turned around. A
/// statement that ends the function stays last, for what follows it would never run.
fn shuffle<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let Some(body) = node
        .child_by_field_name("body")
        .filter(|body| is_multiline(*body, context))
    else {
        return;
    };
    if context.complexity(node) < 3 && !has_loop(body) {
        return;
    }
    let mut movable = parts(body);
    movable.retain(|statement| !is_fixed(*statement));
    if movable
        .iter()
        .any(|statement| indentation(*statement, context).is_none())
    {
        return;
    }
    let mut exchanged = false;
    for pair in movable.windows(2) {
        let before = &context.source[node.start_byte()..pair[0].start_byte()];
        if !reads_first(pair[0], pair[1], before, context) {
            sites.several(swap(pair[0], pair[1], context));
            exchanged = true;
        }
    }
    if movable.len() > 2 && !exchanged {
        sites.several(reordered(&movable, movable.iter().rev(), context));
    }
}

/// Whether `second` reads a name that `first` assigns and that nothing `before` mentions.
fn reads_first(first: Node<'_>, second: Node<'_>, before: &str, context: &Context<'_>) -> bool {
    let assignment = first
        .named_child(0)
        .filter(|only| only.kind() == "assignment");
    let Some(targets) = assignment.and_then(|assignment| assignment.child_by_field_name("left"))
    else {
        return false;
    };
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mentions = |text: &str, name: &str| text.split(|c| !is_word(c)).any(|word| word == name);
    let targets = match targets.kind() {
        "identifier" => vec![targets],
        "pattern_list" | "tuple_pattern" => parts(targets),
        _ => Vec::new(),
    };
    targets
        .iter()
        .filter(|target| target.kind() == "identifier")
        .map(|target| context.text(*target))
        .any(|name| mentions(context.text(second), name) && !mentions(before, name))
}

/// Puts nodes at the places of others.
pub(super) fn reordered<'a, 'n>(
    places: &[Node<'a>],
    order: impl Iterator<Item = &'n Node<'a>>,
    context: &Context<'a>,
) -> Vec<Edit<'a>>
where
    'a: 'n,
{
    places
        .iter()
        .zip(order)
        .map(|(place, node)| Edit::replace(place.byte_range(), context.text(*node)))
        .collect()
}

fn has_loop(body: Node<'_>) -> bool {
    parts(body)
        .iter()
        .any(|statement| matches!(statement.kind(), "for_statement" | "while_statement"))
}

fn is_fixed(statement: Node<'_>) -> bool {
    let is_docstring = || {
        statement
            .named_child(0)
            .is_some_and(|only| only.kind() == "string")
    };
    match statement.kind() {
        "return_statement" | "raise_statement" | "global_statement" | "nonlocal_statement"
        | "pass_statement" => true,
        "expression_statement" => is_docstring(),
        _ => false,
    }
}
