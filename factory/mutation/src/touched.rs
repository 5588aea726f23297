//! Which lines a change of a file can make a difference at: whoever executes none of them cannot notice it.
//!
//! Only changes within functions' bodies, and of their parameters' defaults, are told so finely. The lines are those of
//! the whole statements that the change touches, in the original file. Where the change alters what other statements of
//! the function mean (which names are local, whether it is a generator), they are all lines of the outermost function
//! around it. A default that is a plain constant makes a difference where the function's body is executed, and to whoever
//! looks at the function's defaults.

mod defaults;

use std::collections::BTreeSet;
use std::ops::{Range, RangeInclusive};

use imara_diff::{Algorithm, Diff, InternedInput};
use tree_sitter::{Node, Tree};

use crate::grammar::parser;

/// Where a change makes a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Touched {
    /// Not only where certain lines are executed, for this reason.
    Everything(&'static str),
    /// Where certain lines are executed.
    Lines {
        /// Lines of the original file, counted from 1.
        lines: Vec<RangeInclusive<u32>>,
        /// Whether it makes a difference to whoever looks at defaults of the file's functions, too.
        defaults: bool,
    },
}

/// Compares two contents of a file.
pub fn touched(original: &str, changed: &str) -> Touched {
    let (Some(before), Some(after)) = (parse(original), parse(changed)) else {
        return Touched::Everything("the file cannot be parsed");
    };
    let (mut lines, mut defaults) = (Vec::new(), false);
    for hunk in hunks(original, changed) {
        if let Some(body) = defaults::changed(&before, original, &after, changed, &hunk) {
            lines.push(lines_of(body));
            defaults = true;
            continue;
        }
        match look(&before, original, &after, changed, &hunk) {
            Ok(rows) => lines.extend(rows),
            Err(reason) => return Touched::Everything(reason),
        }
    }
    lines.sort_by_key(|range| (*range.start(), *range.end()));
    lines.dedup();
    Touched::Lines { lines, defaults }
}

fn parse(source: &str) -> Option<Tree> {
    parser()
        .parse(source, None)
        .filter(|tree| !tree.root_node().has_error())
}

/// Rows of the original that are replaced, by which of the changed file, and how far earlier hunks have moved them there.
struct Hunk {
    rows: Range<usize>,
    by: Range<usize>,
    shift: isize,
}

fn hunks(original: &str, changed: &str) -> Vec<Hunk> {
    let input = InternedInput::new(original, changed);
    let diff = Diff::compute(Algorithm::Histogram, &input);
    let row = |number: u32| number as usize;
    diff.hunks()
        .map(|hunk| Hunk {
            rows: row(hunk.before.start)..row(hunk.before.end),
            by: row(hunk.after.start)..row(hunk.after.end),
            shift: row(hunk.after.start).cast_signed() - row(hunk.before.start).cast_signed(),
        })
        .collect()
}

/// The lines at which one hunk makes a difference.
fn look(
    before: &Tree,
    original: &str,
    after: &Tree,
    changed: &str,
    hunk: &Hunk,
) -> Result<Vec<RangeInclusive<u32>>, &'static str> {
    let function = outermost_function(before.root_node(), hunk)
        .ok_or("code outside of functions' bodies is changed")?;
    let body = body_of(function).ok_or("a function without a body is changed")?;
    // The lines between which something is inserted, without the function's head.
    let first = body.start_position().row;
    let last = body.end_position().row;
    let rows = if hunk.rows.is_empty() {
        hunk.rows.start.saturating_sub(1).max(first)..hunk.rows.start.min(last) + 1
    } else {
        hunk.rows.clone()
    };
    let moved = function.start_position().row.checked_add_signed(hunk.shift);
    let twin = moved.and_then(|row| function_at(after.root_node(), row));
    let same_names = twin.is_some_and(|twin| names(function, original) == names(twin, changed));
    if !same_names || !stays_in_its_block(original, changed, hunk) {
        return Ok(vec![lines_of(body)]);
    }
    statements(body, original, &rows)
}

/// Whether new rows are executed only where the old ones, or those beside them, are. A statement that moves into a loop
/// or out of it is met by others than those that met it where it was.
fn stays_in_its_block(original: &str, changed: &str, hunk: &Hunk) -> bool {
    let before: Vec<usize> = indents(original, &hunk.rows).collect();
    let after: Vec<usize> = indents(changed, &hunk.by).collect();
    let (Some(least), Some(first)) = (after.iter().min(), after.first()) else {
        return true;
    };
    if let Some(outer) = before.iter().min() {
        return before == after || (least == first && outer == least && before[0] == *first);
    }
    let above = indents(original, &(0..hunk.rows.start)).last();
    let below = indents(original, &(hunk.rows.start..usize::MAX)).next();
    above.is_some_and(|above| *least >= above) || below == Some(*least)
}

/// How far the rows that are not empty are indented.
fn indents<'s>(source: &'s str, rows: &Range<usize>) -> impl Iterator<Item = usize> + use<'s> {
    source
        .lines()
        .skip(rows.start)
        .take(rows.len())
        .filter(|row| !row.trim().is_empty())
        .map(|row| row.len() - row.trim_start().len())
}

/// The outermost function whose body holds all rows of a hunk.
fn outermost_function<'tree>(node: Node<'tree>, hunk: &Hunk) -> Option<Node<'tree>> {
    let mut cursor = node.walk();
    for child in node.named_children(&mut cursor) {
        if child.end_position().row < hunk.rows.start.saturating_sub(1) {
            continue;
        }
        if child.kind() == "function_definition" {
            let body = body_of(child)?;
            // The head may reach into the row in which the body begins.
            let head = child.child_by_field_name("parameters")?.end_position().row;
            let begins = body.start_position().row.max(head + 1);
            let ends = body.end_position().row;
            let holds = if hunk.rows.is_empty() {
                // Between the row before and the row after: one of them has to be the body's.
                (begins..=ends + 1).contains(&hunk.rows.start) && hunk.rows.start > head
            } else {
                begins <= hunk.rows.start && hunk.rows.end <= ends + 1
            };
            if holds && !at_the_end_of_a_line(body, hunk) {
                return Some(child);
            }
        } else if let Some(found) = outermost_function(child, hunk) {
            return Some(found);
        }
    }
    None
}

/// A body that ends with the row's newline (as a block at the end of a file may) does not hold the row after it.
fn at_the_end_of_a_line(body: Node<'_>, hunk: &Hunk) -> bool {
    body.end_position().column == 0 && hunk.rows.start >= body.end_position().row
}

fn function_at(node: Node<'_>, row: usize) -> Option<Node<'_>> {
    if node.kind() == "function_definition" && node.start_position().row == row {
        return Some(node);
    }
    let mut cursor = node.walk();
    node.named_children(&mut cursor)
        .filter(|child| child.start_position().row <= row && row <= child.end_position().row)
        .find_map(|child| function_at(child, row))
}

fn body_of(function: Node<'_>) -> Option<Node<'_>> {
    function.child_by_field_name("body")
}

/// The lines of the statements in the smallest block around some rows that these rows touch.
fn statements(
    body: Node<'_>,
    source: &str,
    rows: &Range<usize>,
) -> Result<Vec<RangeInclusive<u32>>, &'static str> {
    let mut blocks = vec![body];
    while let Some(inner) = blocks.last().and_then(|block| block_inside(*block, rows)) {
        blocks.push(inner);
    }
    while let Some(block) = blocks.pop() {
        let mut cursor = block.walk();
        let met: Vec<Node<'_>> = block
            .named_children(&mut cursor)
            .filter(|statement| {
                statement.start_position().row < rows.end
                    && rows.start <= statement.end_position().row
            })
            .collect();
        let is_documentation = |statement: &Node<'_>| {
            block.id() == body.id()
                && statement.prev_named_sibling().is_none()
                && is_text(*statement)
        };
        if met.iter().any(is_documentation) {
            return Err("a function's documentation is changed");
        }
        // A comment tells nothing, but what stands in its rows or beside them does.
        let (comments, mut met): (Vec<_>, Vec<_>) =
            met.into_iter().partition(|node| node.kind() == "comment");
        if met.is_empty() {
            met = comments;
        }
        // Some statements leave no trace when they are executed: then those around them tell.
        if !met.is_empty()
            && !met
                .iter()
                .any(|statement| leaves_no_trace(*statement, source))
        {
            return Ok(met.into_iter().map(lines_of).collect());
        }
    }
    Ok(vec![lines_of(body)])
}

/// The smallest block inside of another that holds all rows.
fn block_inside<'tree>(node: Node<'tree>, rows: &Range<usize>) -> Option<Node<'tree>> {
    let mut cursor = node.walk();
    for child in node.named_children(&mut cursor) {
        let (first, last) = (child.start_position().row, child.end_position().row);
        if first > rows.start || last + 1 < rows.end {
            continue;
        }
        // A block in the row of its header is touched together with it.
        if child.kind() == "block" && node.start_position().row < first {
            return Some(child);
        }
        if let Some(found) = block_inside(child, rows) {
            return Some(found);
        }
    }
    None
}

/// Statements that compilers leave out, or jump over, without a trace of their line.
fn leaves_no_trace(statement: Node<'_>, source: &str) -> bool {
    match statement.kind() {
        "pass_statement" | "break_statement" | "continue_statement" | "global_statement"
        | "nonlocal_statement" | "comment" => true,
        "expression_statement" => {
            let only = statement
                .named_child(0)
                .filter(|_| statement.named_child_count() == 1);
            only.is_some_and(|only| match only.kind() {
                "string"
                | "concatenated_string"
                | "integer"
                | "float"
                | "true"
                | "false"
                | "none"
                | "ellipsis"
                | "identifier" => true,
                "assignment" => only.child_by_field_name("right").is_none(),
                _ => false,
            })
        }
        // What is compared with a constant may be decided by the compiler.
        "assert_statement" => source[statement.byte_range()]
            .trim_start_matches("assert")
            .trim_start()
            .starts_with("True"),
        _ => false,
    }
}

fn is_text(statement: Node<'_>) -> bool {
    let only = statement.named_child(0);
    statement.kind() == "expression_statement"
        && only.is_some_and(|only| matches!(only.kind(), "string" | "concatenated_string"))
}

fn lines_of(node: Node<'_>) -> RangeInclusive<u32> {
    let line = |row: usize| u32::try_from(row + 1).unwrap_or(u32::MAX);
    line(node.start_position().row)..=line(node.end_position().row)
}

/// What decides the meaning of names in a function, and its kind: which names each scope in it binds, what is
/// declared, and whether there is a `yield`, an `await` or a use of the class around.
fn names<'s>(function: Node<'_>, source: &'s str) -> BTreeSet<(usize, &'static str, &'s str)> {
    let mut found = BTreeSet::new();
    let mut scopes = 0;
    gather(function, source, 0, &mut scopes, &mut found);
    found
}

/// Nodes with names of their own.
const SCOPES: &[&str] = &[
    "function_definition",
    "class_definition",
    "lambda",
    "list_comprehension",
    "set_comprehension",
    "dictionary_comprehension",
    "generator_expression",
];

fn gather<'s>(
    node: Node<'_>,
    source: &'s str,
    scope: usize,
    scopes: &mut usize,
    found: &mut BTreeSet<(usize, &'static str, &'s str)>,
) {
    let mut inner = scope;
    match node.kind() {
        "identifier" => {
            let name = &source[node.byte_range()];
            if is_bound(node) {
                found.insert((scope, "binds", name));
            }
            if matches!(
                name,
                "super" | "__class__" | "locals" | "vars" | "dir" | "eval" | "exec"
            ) {
                found.insert((scope, "uses", name));
            }
        }
        "global_statement" | "nonlocal_statement" | "wildcard_import" => {
            found.insert((scope, "declares", &source[node.byte_range()]));
        }
        "yield" => {
            found.insert((scope, "kind", "yield"));
        }
        "await" => {
            found.insert((scope, "kind", "await"));
        }
        kind => {
            if let Some(kind) = SCOPES.iter().find(|scope| **scope == kind) {
                *scopes += 1;
                inner = *scopes;
                found.insert((scope, "holds", kind));
            }
        }
    }
    let mut cursor = node.walk();
    for child in node.named_children(&mut cursor) {
        // A definition's own name is bound around it.
        let is_name = node.child_by_field_name("name") == Some(child);
        gather(
            child,
            source,
            if is_name { scope } else { inner },
            scopes,
            found,
        );
    }
}

/// Whether a name stands where it is given a value (or loses it).
fn is_bound(name: Node<'_>) -> bool {
    let mut node = name;
    while let Some(parent) = node.parent() {
        let is = |field: &str| parent.child_by_field_name(field) == Some(node);
        match parent.kind() {
            "assignment" | "augmented_assignment" | "for_statement" | "for_in_clause" => {
                return is("left");
            }
            "named_expression" | "function_definition" | "class_definition" => return is("name"),
            "delete_statement"
            | "as_pattern_target"
            | "import_statement"
            | "import_from_statement"
            | "aliased_import"
            | "case_pattern"
            | "parameters"
            | "lambda_parameters"
            | "default_parameter"
            | "typed_parameter"
            | "typed_default_parameter" => return true,
            "pattern_list"
            | "tuple_pattern"
            | "list_pattern"
            | "list_splat_pattern"
            | "dictionary_splat_pattern"
            | "expression_list"
            | "tuple"
            | "list"
            | "parenthesized_expression"
            | "dotted_name"
            | "as_pattern" => node = parent,
            _ => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests;
