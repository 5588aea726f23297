//! Messages, as the chat-completions interface has them.

use serde::{Deserialize, Serialize};
use swemill_agent::{Completion, Message, Role, ToolCall};
use utoipa::ToSchema;

use crate::serve::ApiError;

/// A message of a conversation, as chat-completions servers take and give it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChatMessage {
    /// `system`, `user`, `assistant` or `tool`
    role: &'static str,
    /// What is said
    content: String,
    /// Tools that the assistant called
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<ChatToolCall>,
    /// The call that this is the result of
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<String>,
}

/// An assistant's message, as a chat-completions server answered it (`choices[0].message`). Fields that are not named here are
/// ignored.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct AssistantMessage {
    /// `assistant`, or left out
    #[serde(default)]
    role: Option<String>,
    /// The text
    #[serde(default)]
    content: Option<String>,
    /// Calls of tools, in interfaces that have them
    #[serde(default)]
    tool_calls: Option<Vec<ChatToolCall>>,
}

/// A call of a tool.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct ChatToolCall {
    /// Joins the call with its result; one is made up where it is left out
    #[serde(default)]
    id: String,
    /// `function`
    #[serde(rename = "type", default = "function")]
    kind: String,
    /// The function
    function: ChatFunction,
}

/// A function that is called.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct ChatFunction {
    /// Its name
    name: String,
    /// Its arguments as the model wrote them: JSON in a string, if all is well
    #[serde(default)]
    arguments: String,
}

fn function() -> String {
    "function".to_owned()
}

impl From<&Message> for ChatMessage {
    fn from(message: &Message) -> Self {
        let calls = message.tool_calls.iter().map(|call| ChatToolCall {
            id: call.id.clone(),
            kind: function(),
            function: ChatFunction {
                name: call.name.clone(),
                arguments: call.arguments.clone(),
            },
        });
        Self {
            role: message.role.as_str(),
            content: message.content.clone(),
            tool_calls: calls.collect(),
            tool_call_id: message.tool_call_id.clone(),
        }
    }
}

/// Messages as they are sent.
pub(super) fn told(messages: &[Message]) -> Vec<ChatMessage> {
    messages.iter().map(ChatMessage::from).collect()
}

impl AssistantMessage {
    pub(super) fn into_completion(self) -> Result<Completion, ApiError> {
        if let Some(role) = self.role.filter(|role| role != Role::Assistant.as_str()) {
            let message = format!("`message`: an answer is the assistant's, not the {role}'s");
            return Err(ApiError::invalid("message", message));
        }
        let calls = self.tool_calls.unwrap_or_default().into_iter();
        Ok(Completion {
            content: self.content.unwrap_or_default(),
            tool_calls: calls
                .map(|call| ToolCall {
                    id: call.id,
                    name: call.function.name,
                    arguments: call.function.arguments,
                })
                .collect(),
            ..Completion::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn messages_are_sent_as_chat_completions_servers_take_them() {
        let message = Message {
            tool_calls: vec![ToolCall {
                id: "c".to_owned(),
                name: "bash".to_owned(),
                arguments: "{\"command\": \"ls\"}".to_owned(),
            }],
            ..Message::new(Role::Assistant, "I look.")
        };
        for message in [
            message,
            Message::tool("c", "a.py"),
            Message::new(Role::User, ""),
        ] {
            assert_eq!(json!(ChatMessage::from(&message)), message.to_openai());
        }
    }

    #[test]
    fn an_answer_of_a_server_is_taken_as_it_is() {
        let answer = json!({
            "role": "assistant", "content": null, "refusal": null, "annotations": [],
            "tool_calls": [{"id": "x", "type": "function", "function": {"name": "bash", "arguments": "{"}}],
        });
        let answer: AssistantMessage = serde_json::from_value(answer).unwrap();
        let completion = answer.into_completion().unwrap();
        assert_eq!(completion.content, "");
        assert_eq!(completion.tool_calls[0].arguments, "{");
        let other: AssistantMessage = serde_json::from_value(json!({"role": "user"})).unwrap();
        assert_eq!(other.into_completion().unwrap_err().code, "invalid_request");
    }
}
