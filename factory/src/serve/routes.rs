//! What answers where.

use axum::Router;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use super::state::Served;
use super::{ApiError, authentication, openapi, page, rl};

/// All routes. Those outside of `/v1` need no key: they tell nothing of what is in the store.
pub(super) fn routes(served: Served) -> Router {
    let interface = Router::new()
        .route("/v1/instances", get(rl::instances::list))
        .route("/v1/instances/{instance_id}", get(rl::instances::show))
        .route("/v1/reset", post(rl::reset::reset))
        .route("/v1/step", post(rl::step::step))
        .route("/v1/grade", post(rl::grade::grade))
        .route("/v1/close", post(rl::close::close))
        .route("/v1/episodes", get(rl::episodes::list))
        .route("/v1/episodes/{episode_id}", get(rl::episodes::show))
        .layer(from_fn_with_state(served.clone(), authentication::check));
    Router::new()
        .route("/health", get(rl::health::health))
        .route("/openapi.json", get(openapi::show))
        .route("/docs", get(page::show))
        .merge(interface)
        .fallback(nowhere)
        .method_not_allowed_fallback(wrong_method)
        .with_state(served)
}

async fn nowhere(method: Method, uri: Uri) -> ApiError {
    let message = format!(
        "nothing answers {method} {}; /docs tells what does",
        uri.path()
    );
    ApiError::new(StatusCode::NOT_FOUND, "unknown_url", message)
}

async fn wrong_method(method: Method, uri: Uri) -> ApiError {
    let message = format!(
        "{} does not answer {method}; /docs tells what does",
        uri.path()
    );
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        message,
    )
}
