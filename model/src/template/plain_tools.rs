//! Tools for models whose template knows none: written into the messages, in the words that Hermes and Qwen models were trained on
//! (Hermes Function Calling, Nous Research; the template of Qwen2.5).

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::python::json_like_python;

/// Puts tools into the system message and turns calls and their results into text.
pub(super) fn spell_out(messages: Vec<Value>, tools: &[Value]) -> Vec<Value> {
    let mut plain: Vec<Value> = messages.into_iter().map(plain_message).collect();
    if tools.is_empty() {
        return plain;
    }
    let has_system = plain.first().is_some_and(|first| first["role"] == "system");
    if !has_system {
        plain.insert(
            0,
            json!({"role": "system", "content": "You are a helpful assistant."}),
        );
    }
    let told = format!(
        "{}\n\n{}",
        plain[0]["content"].as_str().unwrap_or_default(),
        instructions(tools)
    );
    plain[0]["content"] = json!(told);
    plain
}

fn instructions(tools: &[Value]) -> String {
    let list: Vec<String> = tools.iter().map(json_like_python).collect();
    format!(
        "# Tools\n\nYou may call one or more functions to assist with the user query.\n\nYou are provided with function signatures within <tools></tools> XML tags:\n<tools>\n{}\n</tools>\n\nFor each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:\n<tool_call>\n{{\"name\": <function-name>, \"arguments\": <args-json-object>}}\n</tool_call>",
        list.join("\n")
    )
}

fn plain_message(message: Value) -> Value {
    let content = message["content"].as_str().unwrap_or_default();
    if message["role"] == "tool" {
        return json!({"role": "user", "content": format!("<tool_response>\n{content}\n</tool_response>")});
    }
    let Some(calls) = message["tool_calls"].as_array() else {
        return message;
    };
    let mut text = content.to_owned();
    for call in calls {
        if !text.is_empty() {
            text.push('\n');
        }
        let (name, arguments) = (&call["function"]["name"], &call["function"]["arguments"]);
        // Writing to a `String` does not fail.
        let _ = write!(
            text,
            "<tool_call>\n{{\"name\": {name}, \"arguments\": {}}}\n</tool_call>",
            json_like_python(arguments)
        );
    }
    json!({"role": "assistant", "content": text})
}
