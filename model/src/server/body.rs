//! Reading requests: bounded in bytes and time, and typed.

use axum::{
    body::Body,
    extract::{FromRequest, Request},
    http::StatusCode,
};
use futures_util::StreamExt as _;
use serde::de::DeserializeOwned;

use super::{ApiError, Service};

/// How many times the limit is read and thrown away, so that a client that sends before it listens hears why it is refused.
const PATIENCE: usize = 8;

/// The JSON of a request.
#[derive(Debug)]
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Service> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, service: &Service) -> Result<Self, ApiError> {
        let options = service.options();
        let reading = read(request.into_body(), options.body_bytes);
        let bytes = tokio::time::timeout(options.body_time, reading)
            .await
            .map_err(|_| {
                let message = format!(
                    "The request did not arrive within {} seconds.",
                    options.body_time.as_secs()
                );
                ApiError::new(StatusCode::REQUEST_TIMEOUT, message)
            })??;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            let message = format!("The body is not the JSON of such a request: {error}.");
            ApiError::new(StatusCode::BAD_REQUEST, message)
        })
    }
}

async fn read(body: Body, limit: usize) -> Result<Vec<u8>, ApiError> {
    let mut stream = body.into_data_stream();
    let mut bytes = Vec::new();
    let mut length = 0usize;
    while let Some(part) = stream.next().await {
        let part = part.map_err(|error| {
            let message = format!("The request broke off: {error}.");
            ApiError::new(StatusCode::BAD_REQUEST, message)
        })?;
        length = length.saturating_add(part.len());
        if length <= limit {
            bytes.extend_from_slice(&part);
        } else if length / PATIENCE > limit {
            break;
        }
    }
    if length > limit {
        let message =
            format!("The request is larger than the {limit} bytes that this server reads.");
        return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, message).code("request_too_large"));
    }
    Ok(bytes)
}
