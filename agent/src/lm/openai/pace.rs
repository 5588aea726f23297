//! How fast a server is asked.

use std::time::Duration;

use tokio::sync::{Mutex, Semaphore, SemaphorePermit};
use tokio::time::Instant;

/// Bounds requests at one time and a minute.
#[derive(Debug)]
pub(super) struct Pace {
    places: Semaphore,
    /// The time between two requests, and when the next may begin.
    interval: Option<Duration>,
    next: Mutex<Instant>,
}

impl Pace {
    pub(super) fn new(concurrency: usize, requests_a_minute: Option<u32>) -> Self {
        let a_minute = Duration::from_mins(1);
        Self {
            places: Semaphore::new(concurrency.clamp(1, Semaphore::MAX_PERMITS)),
            interval: requests_a_minute.map(|requests| a_minute / requests.max(1)),
            next: Mutex::new(Instant::now()),
        }
    }

    /// Waits for the turn of a request, which lasts until what is returned is dropped.
    pub(super) async fn turn(&self) -> SemaphorePermit<'_> {
        if let Some(interval) = self.interval {
            let begin = {
                let mut next = self.next.lock().await;
                let begin = (*next).max(Instant::now());
                *next = begin + interval;
                begin
            };
            tokio::time::sleep_until(begin).await;
        }
        let place = self.places.acquire().await;
        place.expect("the semaphore is never closed")
    }
}
