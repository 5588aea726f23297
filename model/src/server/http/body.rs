//! Reading the body of a request, bounded in bytes and time.

use std::time::Duration;

use axum::body::Body;
use futures_util::StreamExt as _;

/// How many times the limit is read and thrown away, so that a client that sends before it listens hears why it is refused.
const PATIENCE: usize = 8;

/// A body could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It did not arrive in time.
    #[error("The request did not arrive within {} seconds.", limit.as_secs())]
    Late {
        /// The time.
        limit: Duration,
    },
    /// The connection ended in the middle.
    #[error("The request broke off: {reason}.")]
    BrokenOff {
        /// What happened.
        reason: String,
    },
    /// It is too large.
    #[error("The request is larger than the {limit} bytes that this server reads.")]
    TooLarge {
        /// The most, in bytes.
        limit: usize,
    },
}

/// Reads a body of at most `limit` bytes that arrives within `time`.
pub async fn read_body(body: Body, limit: usize, time: Duration) -> Result<Vec<u8>, BodyError> {
    let reading = tokio::time::timeout(time, read(body, limit)).await;
    reading.map_err(|_| BodyError::Late { limit: time })?
}

async fn read(body: Body, limit: usize) -> Result<Vec<u8>, BodyError> {
    let mut stream = body.into_data_stream();
    let mut bytes = Vec::new();
    let mut length = 0usize;
    while let Some(part) = stream.next().await {
        let part = part.map_err(|error| BodyError::BrokenOff {
            reason: error.to_string(),
        })?;
        length = length.saturating_add(part.len());
        if length <= limit {
            bytes.extend_from_slice(&part);
        } else if length / PATIENCE > limit {
            break;
        }
    }
    if length > limit {
        return Err(BodyError::TooLarge { limit });
    }
    Ok(bytes)
}
