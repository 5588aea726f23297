//! Reading requests: bounded, and typed.

use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use swemill_model::server::http::read_body;

use super::ApiError;
use super::state::Served;

/// The JSON of a request.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Served> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, served: &Served) -> Result<Self, ApiError> {
        let options = &served.options;
        let bytes = read_body(request.into_body(), options.body_bytes, options.body_time).await?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            let code = match error.classify() {
                Category::Data => "invalid_request",
                _ => "invalid_json",
            };
            let message = format!("the body is not the JSON of such a request: {error}");
            ApiError::new(StatusCode::BAD_REQUEST, code, message)
        })
    }
}

/// What stands behind the question mark.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<Served> for Asked<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Served) -> Result<Self, ApiError> {
        let Query(asked) = Query::try_from_uri(&parts.uri).map_err(|error| {
            let message = format!("the query cannot be read: {error}");
            ApiError::new(StatusCode::BAD_REQUEST, "invalid_request", message)
        })?;
        Ok(Self(asked))
    }
}
