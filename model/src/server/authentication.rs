//! The key that clients show.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header::AUTHORIZATION},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use sha2::{Digest as _, Sha256};

use super::{ApiError, Service};

/// Lets through who shows the key, if there is one.
pub(super) async fn check(
    State(service): State<Service>,
    request: Request,
    next: Next,
) -> Response {
    let Some(key) = &service.options().api_key else {
        return next.run(request).await;
    };
    match shown(request.headers()) {
        Some(shown) if same(shown, key) => next.run(request).await,
        Some(_) => refused("The API key is not the one that this server was started with."),
        None => refused("This server wants an API key: `Authorization: Bearer KEY`."),
    }
}

fn shown(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

fn refused(message: &str) -> Response {
    ApiError::new(StatusCode::UNAUTHORIZED, message)
        .code("invalid_api_key")
        .into_response()
}

/// Compares digests, all of their bytes: the time says nothing of where keys differ or how long they are.
fn same(shown: &str, key: &str) -> bool {
    let (shown, key) = (Sha256::digest(shown), Sha256::digest(key));
    let different = shown.iter().zip(&key).fold(0, |sum, (a, b)| sum | (a ^ b));
    std::hint::black_box(different) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_key_is_the_same() {
        assert!(same("secret", "secret"));
        for other in ["", "secre", "secret ", "Secret"] {
            assert!(!same(other, "secret"), "{other:?}");
        }
    }
}
