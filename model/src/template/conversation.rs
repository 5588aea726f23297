//! Conversations of `OpenAI`'s API in the form that chat templates expect.

use serde_json::{Map, Value, json};

use super::{ChatTemplate, TemplateError, plain_tools};

/// Messages and the tools that may be called.
#[derive(Debug, Clone, Default)]
pub struct Conversation {
    /// In order; at least one.
    pub messages: Vec<Value>,
    /// `OpenAI`'s definitions of tools.
    pub tools: Vec<Value>,
    /// More variables that the template may know (`enable_thinking`, say).
    pub extra: Map<String, Value>,
}

const ROLES: [&str; 5] = ["system", "developer", "user", "assistant", "tool"];

impl Conversation {
    /// The prompt for the next answer. Tools and calls are spelled out for templates that know none.
    pub fn render(&self, template: &ChatTemplate) -> Result<String, TemplateError> {
        if self.messages.is_empty() {
            return Err(invalid(0, "there is none; give at least one message"));
        }
        let normal = |(index, message)| normal_message(index, message);
        let mut messages = self
            .messages
            .iter()
            .enumerate()
            .map(normal)
            .collect::<Result<Vec<_>, _>>()?;
        let knows_tools = template.knows_tools();
        if !knows_tools {
            messages = plain_tools::spell_out(messages, &self.tools);
        }
        let tools = (knows_tools && !self.tools.is_empty()).then_some(self.tools.as_slice());
        template.render(&messages, tools, true, &Value::Object(self.extra.clone()))
    }
}

fn invalid(index: usize, reason: impl Into<String>) -> TemplateError {
    TemplateError::Message {
        index,
        reason: reason.into(),
    }
}

/// One message: content as text, arguments of calls as objects (templates print them as JSON), and roles that templates know.
fn normal_message(index: usize, message: &Value) -> Result<Value, TemplateError> {
    let mut message = message
        .as_object()
        .ok_or_else(|| invalid(index, "it is no object"))?
        .clone();
    let role = message.get("role").and_then(Value::as_str);
    let role = match role {
        Some("developer") => "system",
        Some(role) if ROLES.contains(&role) => role,
        Some(role) => {
            let reason = format!(
                "the role `{role}` is not known; known are {}",
                ROLES.join(", ")
            );
            return Err(invalid(index, reason));
        }
        None => return Err(invalid(index, "it has no `role`")),
    };
    let role = json!(role);
    let content = text_of(index, message.get("content"))?;
    let calls = match message.get("tool_calls") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(calls)) => calls
            .iter()
            .map(|call| normal_call(index, call))
            .collect::<Result<_, _>>()?,
        Some(_) => return Err(invalid(index, "its `tool_calls` are no list")),
    };
    message.insert("role".into(), role);
    message.insert("content".into(), json!(content));
    if calls.is_empty() {
        // Templates ask whether there are any by looking at the key.
        message.remove("tool_calls");
    } else {
        message.insert("tool_calls".into(), Value::Array(calls));
    }
    Ok(Value::Object(message))
}

/// The text of a message: as it is, or that of its parts.
fn text_of(index: usize, content: Option<&Value>) -> Result<String, TemplateError> {
    match content {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Array(parts)) => parts
            .iter()
            .map(
                |part| match (part["type"].as_str(), part["text"].as_str()) {
                    (Some("text"), Some(text)) => Ok(text),
                    (Some("refusal"), _) => Ok(part["refusal"].as_str().unwrap_or_default()),
                    (kind, _) => Err(invalid(
                        index,
                        format!(
                            "a part of its content is of the type `{}`; this model reads text only",
                            kind.unwrap_or("none")
                        ),
                    )),
                },
            )
            .collect(),
        Some(_) => Err(invalid(
            index,
            "its `content` is neither text nor a list of parts",
        )),
    }
}

fn normal_call(index: usize, call: &Value) -> Result<Value, TemplateError> {
    let mut call = call.clone();
    if call["function"]["name"].as_str().is_none() {
        return Err(invalid(index, "one of its `tool_calls` names no function"));
    }
    // Text that is no JSON is what a model wrote once; it stays text.
    let parsed = call["function"]["arguments"]
        .as_str()
        .and_then(|text| serde_json::from_str::<Value>(text).ok());
    if let Some(arguments) = parsed {
        call["function"]["arguments"] = arguments;
    }
    Ok(call)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str =
        "{% for m in messages %}<{{ m.role }}>{{ m.content + '' }}{% endfor %}<assistant>";
    const WITH_TOOLS: &str = "{% for t in tools or [] %}[{{ t.function.name }}]{% endfor %}{% for m in messages %}<{{ m.role }}>{{ m.content }}{% for c in m.tool_calls or [] %}{{ c.function.arguments | tojson }}{% endfor %}{% endfor %}";

    fn render(template: &str, messages: &[Value], tools: &[Value]) -> String {
        let template = ChatTemplate::new(template, "", "").unwrap();
        conversation(messages, tools).render(&template).unwrap()
    }

    fn conversation(messages: &[Value], tools: &[Value]) -> Conversation {
        Conversation {
            messages: messages.to_vec(),
            tools: tools.to_vec(),
            extra: Map::new(),
        }
    }

    #[test]
    fn parts_become_text_and_arguments_become_objects() {
        let messages = [
            json!({"role": "developer", "content": "be brief"}),
            json!({"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}),
            json!({"role": "assistant", "content": null, "tool_calls": [{"function": {"name": "f", "arguments": "{\"x\": 1}"}}]}),
        ];
        let tools = [json!({"type": "function", "function": {"name": "f"}})];
        assert_eq!(
            render(WITH_TOOLS, &messages, &tools),
            "[f]<system>be brief<user>ab<assistant>{\"x\": 1}"
        );
    }

    #[test]
    fn a_template_without_tools_is_told_of_them_in_words() {
        let messages = [
            json!({"role": "user", "content": "go"}),
            json!({"role": "assistant", "content": null, "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}),
            json!({"role": "tool", "content": "done", "tool_call_id": "1"}),
        ];
        let tools = [json!({"type": "function", "function": {"name": "f"}})];
        let text = render(PLAIN, &messages, &tools);
        assert!(
            text.starts_with("<system>") && text.contains("\"name\": \"f\""),
            "{text}"
        );
        assert!(
            text.ends_with("<user>go<assistant><tool_call>\n{\"name\": \"f\", \"arguments\": {}}\n</tool_call><user><tool_response>\ndone\n</tool_response><assistant>"),
            "{text}"
        );
    }

    #[test]
    fn messages_that_cannot_be_read_are_named_by_their_place() {
        let template = ChatTemplate::new(PLAIN, "", "").unwrap();
        for (message, word) in [
            (json!("text"), "object"),
            (json!({"content": "x"}), "role"),
            (json!({"role": "king", "content": "x"}), "king"),
            (json!({"role": "user", "content": 5}), "content"),
            (
                json!({"role": "user", "content": [{"type": "image_url"}]}),
                "image_url",
            ),
            (json!({"role": "assistant", "tool_calls": [{}]}), "function"),
            (json!({"role": "assistant", "tool_calls": 3}), "tool_calls"),
        ] {
            let messages = [json!({"role": "user", "content": "fine"}), message];
            let error = conversation(&messages, &[]).render(&template).unwrap_err();
            let TemplateError::Message { index: 1, reason } = &error else {
                panic!("{error}")
            };
            assert!(reason.contains(word), "{reason}");
        }
        assert!(conversation(&[], &[]).render(&template).is_err());
    }
}
