//! What a client is told when it does not get what it asked for.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header::RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use swemill_model::server::http::BodyError;
use utoipa::ToSchema;

use crate::episodes::EpisodeError;

/// Seconds after which a client that found the server full or stopping may ask again.
const PAUSE: u64 = 5;

/// A request that was refused. Nothing of it was done.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// The status of the response.
    pub status: StatusCode,
    /// What programs look at.
    pub code: &'static str,
    /// What happened and what to do.
    pub message: String,
    /// The field that is wrong.
    pub field: Option<&'static str>,
}

/// The body of every response that is no success.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ErrorBody {
    error: ErrorTold,
}

/// Why a request was refused.
#[derive(Debug, Serialize, ToSchema)]
struct ErrorTold {
    /// What programs look at: `unknown_episode`, `unknown_instance`, `no_instance`, `unknown_url`, `method_not_allowed`,
    /// `episode_over`, `episode_busy`, `too_many_episodes`, `invalid_json`, `invalid_request`, `invalid_api_key`,
    /// `request_timeout`, `request_too_large`, `stopping`, `store_unavailable` or `internal`.
    code: &'static str,
    /// What happened and what to do.
    message: String,
    /// The field that is wrong, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'static str>,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            field: None,
        }
    }

    /// A field that makes no sense.
    pub(super) fn invalid(field: &'static str, message: impl Into<String>) -> Self {
        Self {
            field: Some(field),
            ..Self::new(StatusCode::BAD_REQUEST, "invalid_request", message)
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let can_come_again = matches!(
            self.status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
        );
        let body = ErrorBody {
            error: ErrorTold {
                code: self.code,
                message: self.message,
                field: self.field,
            },
        };
        let mut response = (self.status, Json(body)).into_response();
        if can_come_again {
            let headers = response.headers_mut();
            headers.insert(RETRY_AFTER, HeaderValue::from(PAUSE));
        }
        response
    }
}

impl From<EpisodeError> for ApiError {
    fn from(error: EpisodeError) -> Self {
        let message = error.to_string();
        let (status, code) = match error {
            EpisodeError::UnknownEpisode { .. } => (StatusCode::NOT_FOUND, "unknown_episode"),
            EpisodeError::UnknownInstance { .. } => (StatusCode::NOT_FOUND, "unknown_instance"),
            EpisodeError::NoInstance => (StatusCode::NOT_FOUND, "no_instance"),
            EpisodeError::Over { .. } => (StatusCode::CONFLICT, "episode_over"),
            EpisodeError::Busy { .. } => (StatusCode::CONFLICT, "episode_busy"),
            EpisodeError::Full { .. } => (StatusCode::TOO_MANY_REQUESTS, "too_many_episodes"),
            EpisodeError::Invalid { field, .. } => return Self::invalid(field, message),
            EpisodeError::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
            EpisodeError::Store(_) => (StatusCode::SERVICE_UNAVAILABLE, "store_unavailable"),
            EpisodeError::Random(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        };
        Self::new(status, code, message)
    }
}

impl From<swemill_store::Error> for ApiError {
    fn from(error: swemill_store::Error) -> Self {
        EpisodeError::Store(error).into()
    }
}

impl From<BodyError> for ApiError {
    fn from(error: BodyError) -> Self {
        let message = error.to_string();
        let (status, code) = match error {
            BodyError::Late { .. } => (StatusCode::REQUEST_TIMEOUT, "request_timeout"),
            BodyError::BrokenOff { .. } => (StatusCode::BAD_REQUEST, "invalid_request"),
            BodyError::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "request_too_large"),
        };
        Self::new(status, code, message)
    }
}
