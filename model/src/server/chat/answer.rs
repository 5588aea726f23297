//! An answer to a conversation in one piece.

use serde_json::{Value, json};

use super::{
    Header, Offered,
    choice::{Choice, Part},
};
use crate::{
    Host,
    engine::Event,
    server::{ApiError, choices::Choices, usage::UsageSum},
};

/// Waits for all choices; the first that fails is the error, and the others are given up.
pub(super) async fn whole(
    header: Header,
    host: &Host,
    mut choices: Choices,
    calls: Offered,
) -> Result<Value, ApiError> {
    let format = host.call_format();
    let mut messages: Vec<Message> = (0..choices.count())
        .map(|_| Message::new(Choice::new(format, &calls)))
        .collect();
    let mut usage = UsageSum::default();
    while let Some((index, event)) = choices.next().await {
        if let Event::Failed(error) = event {
            return Err(error.into());
        }
        let message = &mut messages[index];
        let progress = message.choice.take(event, host.engine().vocabulary());
        message.logprobs.extend(progress.logprobs);
        message.add(progress.parts);
        if let Some((finish, took)) = progress.end {
            message.finish = finish;
            usage.add(took, index > 0);
        }
    }
    let choices: Vec<Value> = (0..)
        .zip(messages)
        .map(|(index, message)| message.json(index))
        .collect();
    Ok(json!({
        "id": header.id,
        "object": "chat.completion",
        "created": header.created,
        "model": header.model,
        "choices": choices,
        "usage": usage.json(),
    }))
}

struct Message {
    choice: Choice,
    text: String,
    calls: Vec<Value>,
    logprobs: Vec<Value>,
    finish: &'static str,
}

impl Message {
    fn new(choice: Choice) -> Self {
        Self {
            choice,
            text: String::new(),
            calls: Vec::new(),
            logprobs: Vec::new(),
            finish: "stop",
        }
    }

    fn add(&mut self, parts: Vec<Part>) {
        for part in parts {
            match part {
                Part::Text(text) => self.text.push_str(&text),
                Part::Call { id, call, .. } => self.calls.push(json!({
                    "id": id,
                    "type": "function",
                    "function": {"name": call.name, "arguments": call.arguments},
                })),
            }
        }
    }

    fn json(self, index: usize) -> Value {
        let mut message = json!({"role": "assistant", "content": self.text, "refusal": null});
        if !self.calls.is_empty() {
            if self.text.is_empty() {
                message["content"] = Value::Null;
            }
            message["tool_calls"] = Value::Array(self.calls);
        }
        let logprobs = match self.logprobs.as_slice() {
            [] => Value::Null,
            content => json!({"content": content, "refusal": null}),
        };
        json!({"index": index, "message": message, "logprobs": logprobs, "finish_reason": self.finish})
    }
}
