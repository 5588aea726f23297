//! mini-swe-agent's tool calls: one or more calls of `bash` (`minisweagent/models/utils/actions_toolcall.py`).

use serde_json::Value;

use super::{Fault, Malformed, Parsed};
use crate::action::{Action, Call};
use crate::lm::Completion;

/// Reads the calls of an answer.
pub fn parse(completion: &Completion) -> Result<Parsed, Malformed> {
    if completion.tool_calls.is_empty() {
        let detail = "No tool calls found in the response. Every response MUST include at least one tool call.";
        return Err(Malformed::new(Fault::Missing, detail, 0));
    }
    let found = completion.tool_calls.len();
    let mut calls = Vec::with_capacity(found);
    for call in &completion.tool_calls {
        let mut problems = Vec::new();
        let mut fault = Fault::MissingArg;
        let arguments: Value = serde_json::from_str(&call.arguments).unwrap_or_else(|error| {
            problems.push(format!("Error parsing tool call arguments: {error}."));
            Value::Null
        });
        if !problems.is_empty() {
            fault = Fault::InvalidJson;
        }
        if call.name != "bash" {
            problems.push(format!("Unknown tool '{}'.", call.name));
            fault = Fault::InvalidCommand;
        }
        let command = arguments.get("command").and_then(Value::as_str);
        if command.is_none() {
            problems.push("Missing 'command' argument in bash tool call.".to_owned());
        }
        match command {
            Some(command) if problems.is_empty() => calls.push(Call {
                action: Action::Bash {
                    command: command.to_owned(),
                },
                id: Some(call.id.clone()),
            }),
            _ => return Err(Malformed::new(fault, problems.concat(), found)),
        }
    }
    Ok(Parsed {
        thought: completion.content.clone(),
        calls,
    })
}
