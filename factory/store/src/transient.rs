//! Telling what passes by itself from what does not, and waiting for it to pass.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tracing::warn;

use crate::error::{Error, Result};

/// Whether an error comes from the server being away, starting or stopping, or from transactions in each other's
/// way, so that the same operation may work later.
pub fn is_transient(error: &Error) -> bool {
    match error {
        Error::Connect { source, .. } | Error::Database(source) => is_transient_sqlx(source),
        _ => false,
    }
}

fn is_transient_sqlx(error: &sqlx::Error) -> bool {
    match error {
        // The socket is gone or not there yet, or the server hung up in the middle of a message.
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::Protocol(_)
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            // Classes: 08 connection, 40 serialisation and deadlock, 53 resources, 57P operator intervention
            // (shutdown, crash, starting up). https://www.postgresql.org/docs/current/errcodes-appendix.html
            code.starts_with("08")
                || code.starts_with("40")
                || code.starts_with("53")
                || code.starts_with("57P")
        }),
        _ => false,
    }
}

/// Does an operation until it works, fails for good, or `patience` is over; waits from 100 ms up to 5 s between.
/// The operation must be one that may be repeated, such as a whole transaction.
pub async fn retry_transient<T, F>(
    patience: Duration,
    mut operation: impl FnMut() -> F,
) -> Result<T>
where
    // An async closure would read better, but its future cannot be named to be `Send`.
    F: Future<Output = Result<T>>,
{
    let deadline = Instant::now() + patience;
    let mut wait = Duration::from_millis(100);
    loop {
        match operation().await {
            Err(error) if is_transient(&error) && Instant::now() + wait < deadline => {
                warn!(%error, wait_ms = wait.as_millis(), "Postgres does not answer; trying again");
                sleep(wait).await;
                wait = (wait * 2).min(Duration::from_secs(5));
            }
            result => return result,
        }
    }
}
