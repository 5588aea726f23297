//! SWE-agent's tool calls: exactly one (`FunctionCallingParser` of `sweagent/tools/parsing.py`).

use serde_json::Value;

use super::{Fault, Malformed, Parsed, arguments};
use crate::action::Call;
use crate::lm::Completion;

/// Reads the call of an answer.
pub fn parse(completion: &Completion) -> Result<Parsed, Malformed> {
    let [call] = completion.tool_calls.as_slice() else {
        let found = completion.tool_calls.len();
        let fault = if found == 0 {
            Fault::Missing
        } else {
            Fault::Multiple
        };
        let detail = format!(
            "Expected exactly one tool call in model response - received {found} tool calls with message: {}",
            completion.content
        );
        return Err(Malformed::new(fault, detail, found));
    };
    // Models leave the arguments of a tool without any empty.
    let text = match call.arguments.trim() {
        "" => "{}",
        text => text,
    };
    let Ok(Value::Object(given)) = serde_json::from_str(text) else {
        let detail = "Tool call arguments are not valid JSON.";
        return Err(Malformed::new(Fault::InvalidJson, detail, 1));
    };
    Ok(Parsed {
        thought: completion.content.clone(),
        calls: vec![Call {
            action: arguments::action(&call.name, &given)?,
            id: Some(call.id.clone()),
        }],
    })
}
