//! Keeping strangers out.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::ApiError;
use super::state::Served;

/// Lets through who shows the key, if there is one.
pub(super) async fn check(State(served): State<Served>, request: Request, next: Next) -> Response {
    let key = served.options.api_key.as_ref();
    match key.and_then(|key| key.shown_in(request.headers()).refusal()) {
        None => next.run(request).await,
        Some(message) => {
            ApiError::new(StatusCode::UNAUTHORIZED, "invalid_api_key", message).into_response()
        }
    }
}
