//! An answer to a conversation in pieces.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    Header, Offered,
    choice::{Choice, Part},
};
use crate::{
    Host,
    engine::{Event, Vocabulary},
    server::{streaming::Chunks, usage::UsageSum},
};

/// Turns the events of all choices into `chat.completion.chunk`s.
pub(super) struct ChatChunks {
    header: Header,
    vocabulary: Arc<Vocabulary>,
    choices: Vec<Growing>,
    /// The sum, if the client wants it.
    usage: Option<UsageSum>,
}

struct Growing {
    choice: Choice,
    begun: bool,
}

impl ChatChunks {
    pub(super) fn new(
        header: Header,
        host: &Host,
        count: usize,
        calls: &Offered,
        streams_usage: bool,
    ) -> Self {
        let format = host.call_format();
        let growing = || Growing {
            choice: Choice::new(format, calls),
            begun: false,
        };
        Self {
            header,
            vocabulary: Arc::clone(host.engine().vocabulary()),
            choices: (0..count).map(|_| growing()).collect(),
            usage: streams_usage.then(UsageSum::default),
        }
    }

    fn chunk(&self, choices: &Value, usage: &Value) -> Value {
        let Header { id, created, model } = &self.header;
        let mut chunk = json!({
            "id": id,
            "object": "chat.completion.chunk",
            "created": created,
            "model": model,
            "choices": choices,
        });
        // Those who asked for usage find the key in every chunk, as OpenAI's servers send it.
        if self.usage.is_some() {
            chunk["usage"] = usage.clone();
        }
        chunk
    }
}

impl Chunks for ChatChunks {
    fn of_event(&mut self, index: usize, event: Event) -> Vec<Value> {
        let growing = &mut self.choices[index];
        let progress = growing.choice.take(event, &self.vocabulary);
        let mut deltas = Vec::new();
        if !std::mem::replace(&mut growing.begun, true) {
            deltas.push(json!({"role": "assistant", "content": ""}));
        }
        deltas.extend(progress.parts.into_iter().flat_map(delta));
        if deltas.is_empty() && progress.logprobs.is_some() {
            deltas.push(json!({"content": ""}));
        }
        let mut finish = Value::Null;
        if let Some((reason, usage)) = progress.end {
            deltas.push(json!({}));
            finish = json!(reason);
            if let Some(sum) = &mut self.usage {
                sum.add(usage, index > 0);
            }
        }
        let mut logprobs = progress.logprobs;
        let last = deltas.len().saturating_sub(1);
        let choice = |(place, delta): (usize, Value)| {
            // Log-probabilities and the end go with the last delta of the event.
            let is_last = place == last;
            let logprobs = logprobs.take_if(|_| is_last);
            let logprobs = logprobs.map(|entry| json!({"content": [entry], "refusal": null}));
            let finish = if is_last { finish.clone() } else { Value::Null };
            json!([{"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}])
        };
        let choices: Vec<Value> = deltas.into_iter().enumerate().map(choice).collect();
        choices
            .iter()
            .map(|choices| self.chunk(choices, &Value::Null))
            .collect()
    }

    fn last(&mut self) -> Option<Value> {
        let usage = self.usage.as_ref()?.json();
        Some(self.chunk(&json!([]), &usage))
    }
}

/// A call comes as its name and then its arguments, which clients put together.
fn delta(part: Part) -> Vec<Value> {
    match part {
        Part::Text(text) => vec![json!({"content": text})],
        Part::Call { index, id, call } => vec![
            json!({"tool_calls": [{"index": index, "id": id, "type": "function", "function": {"name": call.name, "arguments": ""}}]}),
            json!({"tool_calls": [{"index": index, "function": {"arguments": call.arguments}}]}),
        ],
    }
}
