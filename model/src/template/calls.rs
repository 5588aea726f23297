//! Tool calls in the text of an answer.

use serde_json::Value;

/// How a model writes its calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallFormat {
    /// `<tool_call>{"name": .., "arguments": {..}}</tool_call>`, as Hermes and Qwen models write.
    Hermes,
    /// The whole answer is `{"name": .., "parameters": {..}}`, with or without `<|python_tag|>` before it, as Llama 3 models write.
    Llama,
}

/// A call of a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolCall {
    /// The tool's name.
    pub name: String,
    /// Its arguments, a JSON object as text.
    pub arguments: String,
}

/// An answer taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// What is not part of a call.
    pub text: String,
    /// The calls, in order.
    pub calls: Vec<ToolCall>,
}

pub(super) const OPEN: &str = "<tool_call>";
pub(super) const CLOSE: &str = "</tool_call>";
const PYTHON_TAG: &str = "<|python_tag|>";

impl CallFormat {
    /// The format that a chat template teaches its model.
    pub fn of_template(source: &str) -> Self {
        if source.contains(PYTHON_TAG)
            || (source.contains("\"parameters\":") && !source.contains(OPEN))
        {
            Self::Llama
        } else {
            Self::Hermes
        }
    }

    /// Text that a call begins with: what comes before it can be given out while the answer still grows.
    pub fn openings(self) -> &'static [&'static str] {
        match self {
            Self::Hermes => &[OPEN],
            Self::Llama => &[PYTHON_TAG, "{"],
        }
    }

    /// What follows a call, if the format has something.
    pub fn closing(self) -> Option<&'static str> {
        match self {
            Self::Hermes => Some(CLOSE),
            Self::Llama => None,
        }
    }

    /// A Lark grammar (llguidance's) for a call of one of these tools, given by name and schema of the arguments; for several calls
    /// where the format knows an end of a call and `several` are allowed.
    pub fn grammar(self, tools: &[(String, Value)], several: bool) -> String {
        let key = match self {
            Self::Hermes => "arguments",
            Self::Llama => "parameters",
        };
        let call = |(name, schema): &(String, Value)| {
            serde_json::json!({
                "type": "object",
                "properties": { "name": { "const": name }, key: schema },
                "required": ["name", key],
                "additionalProperties": false,
            })
        };
        let schema = serde_json::json!({ "anyOf": tools.iter().map(call).collect::<Vec<_>>() });
        match self {
            Self::Hermes => {
                let more = if several { " (\"\\n\" one)*" } else { "" };
                format!(
                    "start: one{more}\none: \"{OPEN}\\n\" call \"\\n{CLOSE}\"\ncall: %json {schema}\n"
                )
            }
            Self::Llama => format!("start: call\ncall: %json {schema}\n"),
        }
    }
}

/// Takes an answer apart. What looks like a call but is no JSON of one stays text.
pub fn parse_calls(answer: &str, format: CallFormat) -> Parsed {
    match format {
        CallFormat::Hermes => parse_hermes(answer),
        CallFormat::Llama => parse_llama(answer),
    }
}

fn parse_hermes(answer: &str) -> Parsed {
    let mut parsed = Parsed {
        text: String::new(),
        calls: Vec::new(),
    };
    let mut rest = answer;
    while let Some(start) = rest.find(OPEN) {
        let body = &rest[start + OPEN.len()..];
        // A model that stops right after the call often leaves the closing mark out.
        let (inside, after) = match body.find(CLOSE) {
            Some(end) => (&body[..end], &body[end + CLOSE.len()..]),
            None => (body, ""),
        };
        match call(inside, &["arguments", "parameters"]) {
            Some(call) => {
                parsed.text.push_str(&rest[..start]);
                parsed.calls.push(call);
            }
            None => parsed.text.push_str(&rest[..rest.len() - after.len()]),
        }
        rest = after;
    }
    parsed.text.push_str(rest);
    if !parsed.calls.is_empty() {
        parsed.text = parsed.text.trim().to_owned();
    }
    parsed
}

fn parse_llama(answer: &str) -> Parsed {
    let body = answer.trim().trim_start_matches(PYTHON_TAG);
    let bodies = body.split("; ").collect::<Vec<_>>();
    let keys = ["parameters", "arguments"];
    let whole = call(body, &keys).map(|call| vec![call]);
    let calls = whole.or_else(|| bodies.iter().map(|body| call(body, &keys)).collect());
    match calls {
        Some(calls) => Parsed {
            text: String::new(),
            calls,
        },
        None => Parsed {
            text: answer.to_owned(),
            calls: Vec::new(),
        },
    }
}

/// A call, if the text is the JSON of one.
pub(super) fn call(text: &str, keys: &[&str]) -> Option<ToolCall> {
    let json: Value = serde_json::from_str(text.trim()).ok()?;
    let name = json.get("name")?.as_str()?.to_owned();
    let arguments = keys.iter().find_map(|key| json.get(key));
    let arguments = match arguments {
        None => "{}".to_owned(),
        // Some models write the object as a string, as OpenAI's API does.
        Some(Value::String(text)) if text.trim_start().starts_with('{') => text.clone(),
        Some(object @ Value::Object(_)) => object.to_string(),
        Some(_) => return None,
    };
    Some(ToolCall { name, arguments })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected(name: &str, arguments: &str) -> ToolCall {
        ToolCall {
            name: name.into(),
            arguments: arguments.into(),
        }
    }

    #[test]
    fn hermes_calls_are_found_among_text() {
        let answer = "Let me look.\n<tool_call>\n{\"name\": \"bash\", \"arguments\": {\"command\": \"ls\"}}\n</tool_call>\n<tool_call>{\"name\": \"done\"}</tool_call>";
        let parsed = parse_calls(answer, CallFormat::Hermes);
        assert_eq!(parsed.text, "Let me look.");
        assert_eq!(
            parsed.calls,
            [
                expected("bash", "{\"command\":\"ls\"}"),
                expected("done", "{}")
            ]
        );
    }

    #[test]
    fn what_is_no_call_stays_text() {
        for answer in [
            "<tool_call>{\"name\": 3}</tool_call> x",
            "plain",
            "<tool_call>",
            "<tool_call>{\"name\": \"a\", \"arguments\": [1]}</tool_call>",
        ] {
            let parsed = parse_calls(answer, CallFormat::Hermes);
            assert_eq!((parsed.text.as_str(), parsed.calls.len()), (answer, 0));
        }
        let unclosed = parse_calls(
            "<tool_call>{\"name\": \"a\", \"arguments\": {}}",
            CallFormat::Hermes,
        );
        assert_eq!(unclosed.calls, [expected("a", "{}")]);
    }

    #[test]
    fn llama_calls_are_whole_answers() {
        let parsed = parse_calls(
            "<|python_tag|>{\"name\": \"f\", \"parameters\": {\"x\": 1}}",
            CallFormat::Llama,
        );
        assert_eq!(parsed.calls, [expected("f", "{\"x\":1}")]);
        let two = "{\"name\": \"f\", \"parameters\": {}}; {\"name\": \"g\", \"parameters\": {}}";
        assert_eq!(parse_calls(two, CallFormat::Llama).calls.len(), 2);
        assert_eq!(
            parse_calls("{\"a\": 1}", CallFormat::Llama).text,
            "{\"a\": 1}"
        );
    }
}
