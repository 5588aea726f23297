//! Errors in `OpenAI`'s form: `{"error": {"message", "type", "param", "code"}}` with the status that its clients know.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::{
    engine::{InvalidSampling, RequestError},
    host::HostError,
    template::TemplateError,
};

/// What a client is told when it gets no (whole) answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// The status of the response.
    pub status: StatusCode,
    /// What happened and what to do.
    pub message: String,
    /// The field that is wrong.
    pub param: Option<String>,
    /// What programs look at.
    pub code: Option<&'static str>,
    /// When to ask again.
    pub retry_after: Option<u64>,
}

impl ApiError {
    /// An error without a field or a code.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            param: None,
            code: None,
            retry_after: None,
        }
    }

    /// A request that cannot be done as it is.
    pub fn invalid(param: &str, message: impl Into<String>) -> Self {
        Self {
            param: Some(param.to_owned()),
            ..Self::new(StatusCode::BAD_REQUEST, message)
        }
    }

    /// The same with a code.
    pub fn code(self, code: &'static str) -> Self {
        Self {
            code: Some(code),
            ..self
        }
    }

    /// A prompt that is too long, in the words that clients look for.
    pub fn context(param: &str, tokens: usize, context: usize) -> Self {
        let message = format!(
            "This model's maximum context length is {context} tokens, the answer included. However, your request has {tokens} tokens. Please shorten it."
        );
        Self::invalid(param, message).code("context_length_exceeded")
    }

    /// The body of the response.
    pub fn body(&self) -> Value {
        let kind = match self.status {
            StatusCode::TOO_MANY_REQUESTS => "requests",
            status if status.is_server_error() => "server_error",
            _ => "invalid_request_error",
        };
        json!({"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}})
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body())).into_response();
        if let Some(seconds) = self.retry_after {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<RequestError> for ApiError {
    fn from(error: RequestError) -> Self {
        let message = error.to_string();
        match error {
            RequestError::EmptyPrompt | RequestError::UnknownToken { .. } => {
                Self::invalid("prompt", message)
            }
            RequestError::ContextLength { prompt, context } => {
                Self::context("messages", prompt, context)
            }
            RequestError::Sampling(InvalidSampling { name, .. }) => Self::invalid(name, message),
            RequestError::QueueFull { .. } => Self {
                retry_after: Some(1),
                ..Self::new(StatusCode::TOO_MANY_REQUESTS, message).code("rate_limit_exceeded")
            },
            RequestError::ShuttingDown => Self {
                retry_after: Some(5),
                ..Self::new(StatusCode::SERVICE_UNAVAILABLE, message)
            },
            RequestError::ClientStalled { .. } => Self::new(StatusCode::REQUEST_TIMEOUT, message),
            RequestError::Model(_) | RequestError::NotFinite(_) => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, message)
            }
        }
    }
}

impl From<HostError> for ApiError {
    fn from(error: HostError) -> Self {
        let message = error.to_string();
        match error {
            HostError::Request(error) => error.into(),
            HostError::NoTemplate { .. }
            | HostError::Template(TemplateError::Refused(_) | TemplateError::Message { .. }) => {
                Self::invalid("messages", message)
            }
            HostError::Grammar(_) => Self::invalid("response_format", message),
            _ => Self::new(StatusCode::INTERNAL_SERVER_ERROR, message),
        }
    }
}
