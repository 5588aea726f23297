//! Waking up when there is something to do.

use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::time::{Instant, sleep_until, timeout_at};
use tracing::warn;

/// The channel on which the schema's trigger announces new jobs; the payload is the kind.
const CHANNEL: &str = "swemill_jobs";

/// Listens for new jobs of some kinds. Notifications only shorten the wait: a worker also looks when the time it
/// gave to [`wait`](Self::wait) is over, so one that is lost costs no more than that.
#[derive(Debug)]
pub struct Wakeups {
    pool: PgPool,
    kinds: Vec<String>,
    listener: Option<PgListener>,
}

impl Wakeups {
    /// Listens from the first [`wait`](Self::wait) on, or from now if the server answers.
    pub async fn listen(pool: &PgPool, kinds: &[&str]) -> Self {
        let mut wakeups = Self {
            pool: pool.clone(),
            kinds: kinds.iter().map(|&kind| kind.to_owned()).collect(),
            listener: None,
        };
        wakeups.connect().await;
        wakeups
    }

    /// Returns when a job of one of the kinds was announced (true) or after `longest` (false). Never fails: with
    /// no server it waits out the time, and listens again when there is one.
    pub async fn wait(&mut self, longest: Duration) -> bool {
        let deadline = Instant::now() + longest;
        if self.listener.is_none() {
            self.connect().await;
        }
        loop {
            let Some(listener) = &mut self.listener else {
                sleep_until(deadline).await;
                return false;
            };
            match timeout_at(deadline, listener.recv()).await {
                Err(_) => return false,
                Ok(Ok(notification))
                    if self.kinds.iter().any(|kind| kind == notification.payload()) =>
                {
                    return true;
                }
                Ok(Ok(_)) => {}
                Ok(Err(error)) => {
                    warn!(%error, "lost the connection that listens for new jobs; looking from time to time instead");
                    self.listener = None;
                }
            }
        }
    }

    async fn connect(&mut self) {
        match self.try_connect().await {
            Ok(listener) => self.listener = Some(listener),
            Err(error) => {
                warn!(%error, "cannot listen for new jobs; looking from time to time instead");
            }
        }
    }

    async fn try_connect(&self) -> sqlx::Result<PgListener> {
        let mut listener = PgListener::connect_with(&self.pool).await?;
        listener.listen(CHANNEL).await?;
        Ok(listener)
    }
}
