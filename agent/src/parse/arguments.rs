//! SWE-agent's three tools by name and arguments: what all its notations have in common.

use serde_json::{Map, Value};

use super::{Fault, Malformed};
use crate::action::Action;
use crate::editor::Edit;

/// The tools, with the arguments that they require and those that they take besides.
const TOOLS: &[(&str, &[&str], &[&str])] = &[
    ("bash", &["command"], &[]),
    (
        "str_replace_editor",
        &["command", "path"],
        &[
            "file_text",
            "old_str",
            "new_str",
            "insert_line",
            "view_range",
        ],
    ),
    ("submit", &[], &[]),
];

/// Makes an action of a tool's name and its arguments.
pub fn action(name: &str, arguments: &Map<String, Value>) -> Result<Action, Malformed> {
    let Some((_, required, optional)) = TOOLS.iter().find(|tool| tool.0 == name) else {
        let detail = format!("Command '{name}' not found in list of available commands.");
        return Err(Malformed::new(Fault::InvalidCommand, detail, 1));
    };
    let missing: Vec<&str> = required
        .iter()
        .copied()
        .filter(|name| !arguments.contains_key(*name))
        .collect();
    if !missing.is_empty() {
        let detail = format!("Required argument(s) missing: {}", missing.join(", "));
        return Err(Malformed::new(Fault::MissingArg, detail, 1));
    }
    let extra: Vec<&str> = arguments
        .keys()
        .map(String::as_str)
        .filter(|name| !required.contains(name) && !optional.contains(name))
        .collect();
    if !extra.is_empty() {
        let detail = format!("Unexpected argument(s): {}", extra.join(", "));
        return Err(Malformed::new(Fault::UnexpectedArg, detail, 1));
    }
    let text = |name: &str| match arguments.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(_) => Err(of_wrong_type(name, "a string")),
    };
    let needed = |name: &str| text(name)?.ok_or_else(|| of_wrong_type(name, "a string"));
    Ok(match name {
        "bash" => Action::Bash {
            command: needed("command")?,
        },
        "submit" => Action::Submit,
        _ => Action::Edit(Edit {
            command: needed("command")?,
            path: needed("path")?,
            file_text: text("file_text")?,
            old_str: text("old_str")?,
            new_str: text("new_str")?,
            insert_line: line(arguments)?,
            view_range: range(arguments)?,
        }),
    })
}

fn of_wrong_type(name: &str, wanted: &str) -> Malformed {
    let detail = format!("argument {name} must be {wanted}");
    Malformed::new(Fault::UnexpectedArg, detail, 1)
}

/// Numbers may come as text: text notations have nothing else.
fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        value => value.as_i64(),
    }
}

fn line(arguments: &Map<String, Value>) -> Result<Option<i64>, Malformed> {
    match arguments.get("insert_line") {
        None | Some(Value::Null) => Ok(None),
        Some(value) => integer(value)
            .map(Some)
            .ok_or_else(|| of_wrong_type("insert_line", "an integer")),
    }
}

fn range(arguments: &Map<String, Value>) -> Result<Option<(i64, i64)>, Malformed> {
    let value = match arguments.get("view_range") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(items)) if items.is_empty() => return Ok(None),
        Some(Value::String(text)) => serde_json::from_str(text).unwrap_or(Value::Null),
        Some(value) => value.clone(),
    };
    let numbers: Option<Vec<i64>> = value
        .as_array()
        .and_then(|items| items.iter().map(integer).collect());
    match numbers.as_deref() {
        Some([first, last]) => Ok(Some((*first, *last))),
        _ => Err(of_wrong_type("view_range", "a list of two integers")),
    }
}
