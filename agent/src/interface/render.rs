//! Actions in each notation, as a model writes them: for the expert, and for exports in another notation.

use std::fmt::Write;

use serde_json::{Value, json};

use super::Dialect;
use crate::action::Action;
use crate::editor::Edit;
use crate::lm::Completion;
use crate::message::ToolCall;
use crate::parse::words::quote;

/// Parameters whose text has lines of its own in XML (SWE-smith, `swesmith/train/traj_mgr/utils.py`).
const ON_LINES: [&str; 3] = ["old_str", "new_str", "file_text"];

pub(super) fn completion(dialect: Dialect, thought: &str, action: &Action, id: &str) -> Completion {
    let mut completion = Completion {
        content: thought.to_owned(),
        finish_reason: "stop".to_owned(),
        ..Completion::default()
    };
    let text = match dialect {
        Dialect::MiniToolCalls | Dialect::SweAgentFunctionCalling => {
            "tool_calls".clone_into(&mut completion.finish_reason);
            completion.tool_calls = vec![tool_call(action, id)];
            return completion;
        }
        Dialect::MiniFenced => format!("```mswea_bash_command\n{}\n```", shell(action)),
        Dialect::SweAgentXml => xml(action),
        Dialect::SweAgentThoughtAction => format!("```\n{}\n```", shell(action)),
    };
    let content = format!("{thought}\n\n{text}");
    content.trim().clone_into(&mut completion.content);
    completion
}

/// A tool's name and its arguments, in the order of the schema.
pub(crate) fn tool(action: &Action) -> (&'static str, Vec<(&'static str, Value)>) {
    match action {
        Action::Bash { command } => ("bash", vec![("command", json!(command))]),
        Action::Submit => ("submit", Vec::new()),
        Action::Edit(edit) => ("str_replace_editor", arguments(edit)),
    }
}

fn arguments(edit: &Edit) -> Vec<(&'static str, Value)> {
    let range = edit.view_range.map(|(first, last)| json!([first, last]));
    let optional = [
        ("file_text", edit.file_text.as_ref().map(|text| json!(text))),
        ("view_range", range),
        ("old_str", edit.old_str.as_ref().map(|text| json!(text))),
        ("new_str", edit.new_str.as_ref().map(|text| json!(text))),
        ("insert_line", edit.insert_line.map(|line| json!(line))),
    ];
    let given = optional
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| (name, value)));
    let required = [("command", json!(edit.command)), ("path", json!(edit.path))];
    required.into_iter().chain(given).collect()
}

/// As a native tool call.
pub(crate) fn tool_call(action: &Action, id: &str) -> ToolCall {
    let (name, arguments) = tool(action);
    // By hand, to keep the order of the schema: models write it so.
    let arguments: Vec<String> = arguments
        .into_iter()
        .map(|(name, value)| format!("{}: {value}", json!(name)))
        .collect();
    ToolCall {
        id: id.to_owned(),
        name: name.to_owned(),
        arguments: format!("{{{}}}", arguments.join(", ")),
    }
}

/// As SWE-smith's `xml` has it.
pub(crate) fn xml(action: &Action) -> String {
    let (name, arguments) = tool(action);
    let mut text = format!("<function={name}>\n");
    for (name, value) in arguments {
        let value = match value {
            Value::String(text) if ON_LINES.contains(&name) => format!("\n{text}\n"),
            Value::String(text) => text,
            Value::Array(items) => {
                let items: Vec<String> = items.iter().map(Value::to_string).collect();
                format!("[{}]", items.join(", "))
            }
            value => value.to_string(),
        };
        let _ = writeln!(text, "<parameter={name}>{value}</parameter>");
    }
    text + "</function>"
}

/// As a line for a shell.
pub(crate) fn shell(action: &Action) -> String {
    let edit = match action {
        Action::Bash { command } => return command.clone(),
        Action::Submit => return "submit".to_owned(),
        Action::Edit(edit) => edit,
    };
    let mut line = format!("str_replace_editor {} {}", edit.command, quote(&edit.path));
    for (name, value) in arguments(edit).into_iter().skip(2) {
        let value = match value {
            Value::String(text) => quote(&text),
            Value::Array(items) => {
                let items: Vec<String> = items.iter().map(Value::to_string).collect();
                items.join(" ")
            }
            value => value.to_string(),
        };
        let _ = write!(line, " --{name} {value}");
    }
    line
}
