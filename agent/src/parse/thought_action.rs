//! SWE-agent's thought and action: the last block of three backticks that is in no other
//! (`ThoughtActionParser` of `sweagent/tools/parsing.py`).

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value, json};

use super::{Fault, Malformed, Parsed, arguments, words};
use crate::action::{Action, Call};

static FENCE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^```(\S*)\s*\n|^```\s*$").expect("the pattern is valid"));

/// Reads the action of an answer.
pub fn parse(content: &str) -> Result<Parsed, Malformed> {
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut last = None;
    for fence in FENCE.captures_iter(content) {
        let whole = fence.get_match();
        let tag = fence.get(1).map(|tag| tag.as_str());
        if !open.is_empty() && tag.unwrap_or_default().is_empty() {
            let start = open.pop();
            if open.is_empty() {
                last = start.map(|start| (start, (whole.start(), whole.end())));
            }
        } else if tag.is_some() {
            open.push((whole.start(), whole.end()));
        }
    }
    let Some((start, end)) = last else {
        let detail = "No action found in model response.";
        return Err(Malformed::new(Fault::Missing, detail, 0));
    };
    let action = content.get(start.1..end.0).unwrap_or_default();
    Ok(Parsed {
        thought: format!("{}{}", &content[..start.0], &content[end.1..]),
        calls: vec![Call {
            action: command(action.trim())?,
            id: None,
        }],
    })
}

/// An action is a line for the shell; the two tools that are not programs are looked for first.
fn command(action: &str) -> Result<Action, Malformed> {
    match action.split_whitespace().next() {
        Some("submit") => Ok(Action::Submit),
        Some("str_replace_editor") => editor(action),
        _ => Ok(Action::Bash {
            command: action.to_owned(),
        }),
    }
}

/// `str_replace_editor COMMAND PATH [--NAME VALUE…]`.
fn editor(line: &str) -> Result<Action, Malformed> {
    let Some(words) = words::split(line) else {
        let detail = "the command's quotation does not end";
        return Err(Malformed::new(Fault::InvalidCommand, detail, 1));
    };
    let mut given = Map::new();
    let mut places = ["command", "path"].into_iter();
    let mut words = words.into_iter().skip(1);
    while let Some(word) = words.next() {
        let Some(option) = word.strip_prefix("--") else {
            let Some(place) = places.next() else {
                let detail = format!("Unexpected argument(s): {word}");
                return Err(Malformed::new(Fault::UnexpectedArg, detail, 1));
            };
            given.insert(place.to_owned(), Value::from(word));
            continue;
        };
        let (name, value) = match option.split_once('=') {
            Some((name, value)) => (name.to_owned(), value.to_owned()),
            None => (option.to_owned(), words.next().unwrap_or_default()),
        };
        let value = if name == "view_range" {
            json!([value, words.next().unwrap_or_default()])
        } else {
            Value::from(value)
        };
        given.insert(name, value);
    }
    arguments::action("str_replace_editor", &given)
}
