//! SWE-agent's XML notation: the first `<function=…>` of the text (`XMLFunctionCallingParser` of
//! `sweagent/tools/parsing.py`); what SWE-agent-LM speaks.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use super::{Fault, Malformed, Parsed, arguments};
use crate::action::Call;

static FUNCTION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?s)<function=([^>]+)>\n(.*?)</function>").expect("the pattern is valid")
});
static PARAMETER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?s)<parameter=([^>]+)>(.*?)</parameter>").expect("the pattern is valid")
});
static RANGE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\[\d+,\s*\d+\]$").expect("the pattern is valid"));

/// Reads the first call of an answer.
pub fn parse(content: &str) -> Result<Parsed, Malformed> {
    let Some(function) = FUNCTION.captures(content) else {
        let detail = "No function found in model response.";
        return Err(Malformed::new(Fault::Missing, detail, 0));
    };
    let whole = function.get_match();
    let thought = format!("{}{}", &content[..whole.start()], &content[whole.end()..]);
    let name = match function[1].trim() {
        // The names of SWE-Gym and OpenHands.
        "execute_bash" => "bash",
        "finish" => "submit",
        name => name,
    };
    let mut given = Map::new();
    for parameter in PARAMETER.captures_iter(&function[2]) {
        let value = without_outer_newlines(&parameter[2]);
        given.insert(parameter[1].to_owned(), Value::from(value));
    }
    if let Some(Value::String(range)) = given.get("view_range")
        && !RANGE.is_match(range)
    {
        let detail = format!("view_range must be in the format [<start>, <end>], got {range}.");
        return Err(Malformed::new(Fault::UnexpectedArg, detail, 1));
    }
    Ok(Parsed {
        thought: thought.trim().to_owned(),
        calls: vec![Call {
            action: arguments::action(name, &given)?,
            id: None,
        }],
    })
}

/// Takes one newline from each side.
fn without_outer_newlines(value: &str) -> &str {
    let value = value.strip_prefix('\n').unwrap_or(value);
    value.strip_suffix('\n').unwrap_or(value)
}
