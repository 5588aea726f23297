//! What a client of `/v1/chat/completions` may say.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    Offered,
    tools::{self, Choice, Tool},
};
use crate::{
    Host,
    engine::Constraint,
    server::{ApiError, parameters::Parameters},
    template::Conversation,
};

/// The body of a request; fields that are not named here are ignored, as `OpenAI`'s own servers do with those of other models.
#[derive(Debug, Deserialize)]
pub(in crate::server) struct ChatRequest {
    pub(super) model: String,
    messages: Vec<Value>,
    tools: Option<Vec<Value>>,
    tool_choice: Option<Value>,
    parallel_tool_calls: Option<bool>,
    response_format: Option<Value>,
    max_tokens: Option<usize>,
    max_completion_tokens: Option<usize>,
    logprobs: Option<bool>,
    top_logprobs: Option<usize>,
    /// More variables for the template.
    chat_template_kwargs: Option<Map<String, Value>>,
    functions: Option<Value>,
    #[serde(flatten)]
    pub(super) parameters: Parameters,
}

/// What is made of a request.
pub(super) struct Plan {
    pub(super) conversation: Conversation,
    pub(super) constraint: Option<Constraint>,
    /// The field that the constraint comes from.
    pub(super) field: &'static str,
    pub(super) calls: Offered,
    /// A text that ends the answer besides those that the client gave.
    pub(super) stop: Option<&'static str>,
}

impl ChatRequest {
    /// The answer may be as long as the context, unless the request says otherwise.
    pub(super) fn max_tokens(&self) -> usize {
        self.max_completion_tokens
            .or(self.max_tokens)
            .unwrap_or(usize::MAX)
    }

    pub(super) fn logprobs(&self) -> Result<Option<usize>, ApiError> {
        match (self.logprobs.unwrap_or(false), self.top_logprobs) {
            (false, Some(_)) => Err(ApiError::invalid(
                "top_logprobs",
                "`top_logprobs` needs `logprobs` to be true",
            )),
            (false, None) => Ok(None),
            (true, top) => Ok(Some(top.unwrap_or(0))),
        }
    }

    /// Reads tools, the choice among them and the format of the answer.
    pub(super) fn plan(&self, host: &Host) -> Result<Plan, ApiError> {
        if self.functions.is_some() {
            let message = "`functions` is the old form of `tools`; send `tools`";
            return Err(ApiError::invalid("functions", message));
        }
        let tools = tools::read(self.tools.as_deref().unwrap_or_default())?;
        let choice = Choice::read(self.tool_choice.as_ref(), &tools)?;
        let format = host.call_format();
        let parallel = self.parallel_tool_calls.unwrap_or(true);
        let mut constraint = self.response_format()?;
        if constraint.is_some() && choice != Choice::None {
            let message = "a `response_format` and tools that may be called do not go together here; set `tool_choice` to \"none\" or leave one of them out";
            return Err(ApiError::invalid("response_format", message));
        }
        let forced: Option<Vec<&Tool>> = match &choice {
            Choice::Required => Some(tools.iter().collect()),
            Choice::Named(name) => Some(tools.iter().filter(|tool| tool.name == *name).collect()),
            Choice::None | Choice::Auto => None,
        };
        let mut field = "response_format";
        if let Some(forced) = &forced {
            let schemas: Vec<(String, Value)> = forced
                .iter()
                .map(|tool| (tool.name.clone(), tool.parameters.clone()))
                .collect();
            let several = parallel && choice == Choice::Required;
            constraint = Some(Constraint::Lark(format.grammar(&schemas, several)));
            field = "tools";
        }
        let calls = choice != Choice::None;
        Ok(Plan {
            conversation: Conversation {
                messages: self.messages.clone(),
                tools: self.tools.clone().filter(|_| calls).unwrap_or_default(),
                extra: self.chat_template_kwargs.clone().unwrap_or_default(),
            },
            // A grammar ends by itself; text with calls in it ends after the first one if there is to be only one.
            stop: format
                .closing()
                .filter(|_| calls && !parallel && constraint.is_none()),
            constraint,
            field,
            calls: calls.then(|| tools.into_iter().map(|tool| tool.name).collect()),
        })
    }

    fn response_format(&self) -> Result<Option<Constraint>, ApiError> {
        let Some(format) = &self.response_format else {
            return Ok(None);
        };
        match format["type"].as_str() {
            Some("text") => Ok(None),
            Some("json_object") => Ok(Some(Constraint::JsonSchema(json!({"type": "object"})))),
            Some("json_schema") => match &format["json_schema"]["schema"] {
                schema @ (Value::Object(_) | Value::Bool(_)) => {
                    Ok(Some(Constraint::JsonSchema(schema.clone())))
                }
                _ => Err(ApiError::invalid(
                    "response_format",
                    "`response_format.json_schema.schema` is missing",
                )),
            },
            _ => Err(ApiError::invalid(
                "response_format",
                "`response_format.type` must be `text`, `json_object` or `json_schema`",
            )),
        }
    }
}
