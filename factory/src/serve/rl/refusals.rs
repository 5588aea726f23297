//! How requests are refused, for the description.

use utoipa::IntoResponses;

use crate::serve::error::ErrorBody;

/// Statuses that are no success. Nothing was done where one is given.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "handlers answer with ApiError; this describes it")]
pub(super) enum Refusals {
    /// The request makes no sense; `code` is `invalid_json` or `invalid_request`
    #[response(status = 400)]
    Invalid(ErrorBody),
    /// The key is missing or wrong
    #[response(status = 401)]
    Key(ErrorBody),
    /// There is no such episode or instance
    #[response(status = 404)]
    Unknown(ErrorBody),
    /// There is no such method here
    #[response(status = 405)]
    Method(ErrorBody),
    /// The request did not arrive in time
    #[response(status = 408)]
    Late(ErrorBody),
    /// The episode is over (`episode_over`) or busy (`episode_busy`)
    #[response(status = 409)]
    Conflict(ErrorBody),
    /// The body is too large
    #[response(status = 413)]
    TooLarge(ErrorBody),
    /// So many episodes do not fit; `Retry-After` says when to ask again
    #[response(status = 429)]
    Full(ErrorBody),
    /// The server stops or its store does not answer
    #[response(status = 503)]
    Stopping(ErrorBody),
}
