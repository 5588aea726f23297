//! Tools that a client offers, and which of them the model is to call.

use serde_json::{Value, json};

use crate::server::ApiError;

/// A function that may be called.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tool {
    pub(super) name: String,
    /// The schema of its arguments.
    pub(super) parameters: Value,
}

/// Which tools are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Choice {
    None,
    Auto,
    Required,
    Named(String),
}

/// Reads the definitions.
pub(super) fn read(tools: &[Value]) -> Result<Vec<Tool>, ApiError> {
    tools.iter().enumerate().map(read_one).collect()
}

fn read_one((index, tool): (usize, &Value)) -> Result<Tool, ApiError> {
    let invalid = |reason: &str| ApiError::invalid("tools", format!("tools[{index}]: {reason}"));
    if tool["type"] != "function" {
        return Err(invalid(
            "its `type` is not `function`, the only one that there is here",
        ));
    }
    let function = &tool["function"];
    let name = function["name"].as_str().filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| invalid("its `function` has no `name`"))?;
    let parameters = match &function["parameters"] {
        Value::Null => json!({"type": "object", "properties": {}}),
        schema @ Value::Object(_) => schema.clone(),
        _ => return Err(invalid("its `function.parameters` are no JSON schema")),
    };
    Ok(Tool {
        name: name.to_owned(),
        parameters,
    })
}

impl Choice {
    /// Reads `tool_choice`.
    pub(super) fn read(choice: Option<&Value>, tools: &[Tool]) -> Result<Self, ApiError> {
        let choice = match choice {
            None | Some(Value::Null) if tools.is_empty() => Self::None,
            None | Some(Value::Null) => Self::Auto,
            Some(Value::String(word)) => match word.as_str() {
                "none" => Self::None,
                "auto" if tools.is_empty() => Self::None,
                "auto" => Self::Auto,
                "required" => Self::Required,
                _ => return Err(unknown()),
            },
            Some(object) => {
                let name = object["function"]["name"].as_str().ok_or_else(unknown)?;
                if !tools.iter().any(|tool| tool.name == name) {
                    let message =
                        format!("`tool_choice` names `{name}`, which `tools` do not define");
                    return Err(ApiError::invalid("tool_choice", message));
                }
                Self::Named(name.to_owned())
            }
        };
        if choice == Self::Required && tools.is_empty() {
            let message = "`tool_choice` asks for a call, but there are no `tools`";
            return Err(ApiError::invalid("tool_choice", message));
        }
        Ok(choice)
    }
}

fn unknown() -> ApiError {
    let message = "`tool_choice` must be \"none\", \"auto\", \"required\" or {\"type\": \"function\", \"function\": {\"name\": ..}}";
    ApiError::invalid("tool_choice", message)
}
