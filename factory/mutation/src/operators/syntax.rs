//! Small questions about syntax nodes that many operators ask, and the few edits that many make.

use std::ops::Range;

use tree_sitter::Node;

use crate::context::Context;
use crate::operator::Edit;

/// The named children of a node, without comments and line continuations.
pub(super) fn parts(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor)
        .filter(|child| !child.is_extra())
        .collect()
}

/// The first child of this kind, named or not.
pub(super) fn child_of_kind<'a>(node: Node<'a>, kind: &str) -> Option<Node<'a>> {
    let mut cursor = node.walk();
    node.children(&mut cursor)
        .find(|child| child.kind() == kind)
}

/// The kind of the node above the current one.
pub(super) fn parent_kind<'a>(context: &Context<'a>) -> &'a str {
    context.parent().map_or("", |parent| parent.kind())
}

/// The node inside any number of parentheses.
pub(super) fn unwrapped(mut node: Node<'_>) -> Node<'_> {
    while node.kind() == "parenthesized_expression" {
        let Some(inner) = parts(node).first().copied() else {
            break;
        };
        node = inner;
    }
    node
}

/// Whether the expression must be put in parentheses to stand as an operand of `not` or of a comparison.
pub(super) fn is_loose(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        "boolean_operator"
            | "conditional_expression"
            | "lambda"
            | "named_expression"
            | "not_operator"
            | "comparison_operator"
            | "yield"
            | "expression_list"
    )
}

/// The text of an expression, in parentheses where it needs them to be an operand.
pub(super) fn as_operand(node: Node<'_>, context: &Context<'_>) -> String {
    let text = context.text(node);
    if is_loose(node) {
        format!("({text})")
    } else {
        text.to_owned()
    }
}

/// Whether the node reads a plain name, an attribute or an element: what people mix up, and what has no effect.
pub(super) fn is_reference(node: Node<'_>) -> bool {
    matches!(node.kind(), "identifier" | "attribute" | "subscript")
}

/// Whether the value binds a name on the way (`:=`), so that dropping it would only give a `NameError`.
pub(super) fn binds(node: Node<'_>, context: &Context<'_>) -> bool {
    context.text(node).contains(":=")
}

/// Function name and receiver of a call: `a.b(c)` gives `("b", Some(a))`, `f(c)` gives `("f", None)`.
pub(super) fn callee<'a>(
    call: Node<'a>,
    context: &Context<'a>,
) -> Option<(Node<'a>, &'a str, Option<Node<'a>>)> {
    let function = call.child_by_field_name("function")?;
    match function.kind() {
        "identifier" => Some((function, context.text(function), None)),
        "attribute" => {
            let name = function.child_by_field_name("attribute")?;
            let object = function.child_by_field_name("object")?;
            Some((name, context.text(name), Some(object)))
        }
        _ => None,
    }
}

/// The arguments of a call, without comments; none for `f(x for x in y)`.
pub(super) fn arguments(call: Node<'_>) -> Vec<Node<'_>> {
    match call.child_by_field_name("arguments") {
        Some(list) if list.kind() == "argument_list" => parts(list),
        _ => Vec::new(),
    }
}

/// Whether an argument is given by position and is one value.
pub(super) fn is_positional(argument: Node<'_>) -> bool {
    match argument.kind() {
        "keyword_argument" | "list_splat" | "dictionary_splat" => false,
        // `f((*a))`, which Python 2 allowed
        "parenthesized_expression" => argument
            .named_child(0)
            .is_none_or(|inner| inner.kind() != "list_splat"),
        _ => true,
    }
}

/// What to remove so that `items[index]` and one comma go away.
pub(super) fn item_range(items: &[Node<'_>], index: usize) -> Range<usize> {
    match (items.get(index + 1), index.checked_sub(1)) {
        (Some(next), _) => items[index].start_byte()..next.start_byte(),
        (None, Some(previous)) => items[previous].end_byte()..items[index].end_byte(),
        (None, None) => items[index].byte_range(),
    }
}

/// Swaps the text of two nodes.
pub(super) fn swap<'a>(a: Node<'_>, b: Node<'_>, context: &Context<'a>) -> Vec<Edit<'a>> {
    let (a, b) = (a.byte_range(), b.byte_range());
    vec![
        Edit::replace(a.clone(), &context.source[b.clone()]),
        Edit::replace(b, &context.source[a]),
    ]
}

/// Replaces a node by one that stands inside it.
pub(super) fn keep_only<'a>(outer: Node<'_>, inner: Node<'_>, context: &Context<'a>) -> Edit<'a> {
    Edit::replace(outer.byte_range(), &context.source[inner.byte_range()])
}

/// The white space before a node on its line, if nothing else stands there.
pub(super) fn indentation<'a>(node: Node<'_>, context: &Context<'a>) -> Option<&'a str> {
    let before = &context.source[..node.start_byte()];
    let line = &before[before.rfind('\n').map_or(0, |newline| newline + 1)..];
    line.chars().all(|c| c == ' ' || c == '\t').then_some(line)
}

/// Takes a statement away: its whole lines where others remain in its block, else `pass` in its place.
pub(super) fn drop_statement<'a>(statement: Node<'_>, context: &Context<'a>) -> Edit<'a> {
    let alone = statement
        .parent()
        .is_none_or(|block| parts(block).len() < 2);
    let source = context.source;
    if let (false, Some(indent)) = (alone, indentation(statement, context)) {
        let rest = &source[statement.end_byte()..];
        let line_end = rest.find('\n').map_or(rest.len(), |newline| newline + 1);
        let trailing = rest[..line_end].trim();
        if trailing.is_empty() || trailing.starts_with('#') {
            let start = statement.start_byte() - indent.len();
            return Edit::remove(start..statement.end_byte() + line_end);
        }
    }
    Edit::replace(statement.byte_range(), "pass")
}

/// Whether a suite stands on lines of its own, not after the colon.
pub(super) fn is_multiline(suite: Node<'_>, context: &Context<'_>) -> bool {
    parts(suite)
        .first()
        .is_some_and(|first| indentation(*first, context).is_some())
}

/// Visits every node below `root` in source order, parents before children; `visit` gets the node, its
/// parent and the field it fills, and says whether to go below it.
pub(super) fn descend<'a>(
    root: Node<'a>,
    mut visit: impl FnMut(Node<'a>, Node<'a>, Option<&'a str>) -> bool,
) {
    let mut cursor = root.walk();
    let mut parents = Vec::new();
    if !cursor.goto_first_child() {
        return;
    }
    parents.push(root);
    loop {
        let node = cursor.node();
        let parent = parents[parents.len() - 1];
        if visit(node, parent, cursor.field_name()) && cursor.goto_first_child() {
            parents.push(node);
            continue;
        }
        while !cursor.goto_next_sibling() {
            cursor.goto_parent();
            parents.pop();
            if parents.is_empty() {
                return;
            }
        }
    }
}

/// Whether the current node is, or is part of, what only people read.
pub(super) fn is_message<'a>(node: Node<'a>, context: &Context<'a>) -> bool {
    if node.kind() == "call" && is_log_call(node, context) {
        return true;
    }
    for above in context.parents.iter().rev() {
        if is_for_people(*above, context) {
            return true;
        }
        if matches!(above.kind(), "block" | "module" | "expression_statement") {
            return false;
        }
    }
    false
}

/// Whether what stands below this node is a message: in a `raise`, an `assert` or a log call.
pub(super) fn is_for_people(node: Node<'_>, context: &Context<'_>) -> bool {
    match node.kind() {
        "raise_statement" | "assert_statement" => true,
        "call" => is_log_call(node, context),
        _ => false,
    }
}

/// Whether a call writes to a log or warns: `log.debug(…)`, `logger.info(…)`, `warnings.warn(…)`.
pub(super) fn is_log_call(call: Node<'_>, context: &Context<'_>) -> bool {
    callee(call, context).is_some_and(|(_, name, receiver)| {
        let receiver = receiver.map_or("", |object| context.text(object));
        let last = receiver
            .rsplit('.')
            .next()
            .unwrap_or("")
            .to_ascii_lowercase();
        match name {
            "debug" | "info" | "warning" | "error" | "exception" | "critical" | "log" => {
                last.contains("log")
            }
            "warn" | "warn_explicit" => true,
            _ => false,
        }
    })
}

/// Whether the current node is (part of) what a name like `__all__` or `__slots__` is bound to.
pub(super) fn is_dunder_value(context: &Context<'_>) -> bool {
    for above in context.parents.iter().rev() {
        match above.kind() {
            "assignment" | "augmented_assignment" => {
                let left = above
                    .child_by_field_name("left")
                    .map_or("", |left| context.text(left));
                return left.starts_with("__") && left.ends_with("__");
            }
            "list"
            | "tuple"
            | "set"
            | "dictionary"
            | "pair"
            | "binary_operator"
            | "expression_list"
            | "parenthesized_expression" => {}
            _ => return false,
        }
    }
    false
}

/// More entries than this make a table.
const LONGEST_LIST: usize = 12;

/// Whether the current node is one of very many alike, of which a test sees few.
pub(super) fn is_in_table(context: &Context<'_>) -> bool {
    let mut around = context
        .parents
        .iter()
        .rev()
        .filter(|above| above.kind() != "pair");
    around.next().is_some_and(|above| {
        matches!(above.kind(), "list" | "tuple" | "set" | "dictionary")
            && above.named_child_count() > LONGEST_LIST
    })
}
