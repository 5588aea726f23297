//! Keeping strangers out.

use axum::{
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::{ApiError, Service};

/// Lets through who shows the key, if there is one.
pub(super) async fn check(
    State(service): State<Service>,
    request: Request,
    next: Next,
) -> Response {
    let key = service.options().api_key.as_ref();
    match key.and_then(|key| key.shown_in(request.headers()).refusal()) {
        None => next.run(request).await,
        Some(message) => ApiError::new(StatusCode::UNAUTHORIZED, message)
            .code("invalid_api_key")
            .into_response(),
    }
}
