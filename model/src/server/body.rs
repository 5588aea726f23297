//! Reading requests: bounded in bytes and time, and typed.

use axum::{
    extract::{FromRequest, Request},
    http::StatusCode,
};
use serde::de::DeserializeOwned;

use super::http::{BodyError, read_body};
use super::{ApiError, Service};

/// The JSON of a request.
#[derive(Debug)]
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Service> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, service: &Service) -> Result<Self, ApiError> {
        let options = service.options();
        let bytes = read_body(request.into_body(), options.body_bytes, options.body_time).await?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            let message = format!("The body is not the JSON of such a request: {error}.");
            ApiError::new(StatusCode::BAD_REQUEST, message)
        })
    }
}

impl From<BodyError> for ApiError {
    fn from(error: BodyError) -> Self {
        let message = error.to_string();
        match error {
            BodyError::Late { .. } => Self::new(StatusCode::REQUEST_TIMEOUT, message),
            BodyError::BrokenOff { .. } => Self::new(StatusCode::BAD_REQUEST, message),
            BodyError::TooLarge { .. } => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, message).code("request_too_large")
            }
        }
    }
}
