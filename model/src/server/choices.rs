//! The answers of one request, as they grow side by side.

use std::{future::poll_fn, task::Poll};

use super::ApiError;
use crate::{
    Host,
    engine::{Answer, Event, Request, RequestError},
};

/// Answers by their index. Dropping them cancels what still runs.
#[derive(Debug)]
pub(super) struct Choices {
    answers: Vec<Option<Answer>>,
    next: usize,
}

impl Choices {
    /// Submits requests; if one is refused, those before it are given up.
    pub(super) fn submit(
        host: &Host,
        requests: impl IntoIterator<Item = Request>,
    ) -> Result<Self, ApiError> {
        let submit = |request| host.engine().submit(request).map(Some);
        let answers = requests
            .into_iter()
            .map(submit)
            .collect::<Result<_, _>>()
            .map_err(|error| refused(error, host))?;
        Ok(Self { answers, next: 0 })
    }

    pub(super) fn count(&self) -> usize {
        self.answers.len()
    }

    /// The next event of any answer; `None` when all have ended. An answer that breaks off without a last word fails.
    pub(super) async fn next(&mut self) -> Option<(usize, Event)> {
        poll_fn(|context| {
            let count = self.answers.len();
            let mut running = false;
            for step in 0..count {
                let index = (self.next + step) % count;
                let Some(answer) = &mut self.answers[index] else {
                    continue;
                };
                running = true;
                let Poll::Ready(event) = answer.poll_next(context) else {
                    continue;
                };
                let event = event.unwrap_or_else(|| Event::Failed(lost()));
                if matches!(event, Event::Done(_) | Event::Failed(_)) {
                    self.answers[index] = None;
                }
                // Everyone's turn: an answer that is fast does not hide the others.
                self.next = index + 1;
                return Poll::Ready(Some((index, event)));
            }
            if running {
                Poll::Pending
            } else {
                Poll::Ready(None)
            }
        })
        .await
    }
}

fn lost() -> RequestError {
    RequestError::Model("it gave the answer up; a client that does not read is one reason".into())
}

/// A full queue tells when it is worth asking again: when those that wait have been answered, as fast as those before them.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rough estimate between 1 and 60"
)]
fn refused(error: RequestError, host: &Host) -> ApiError {
    let RequestError::QueueFull { waiting } = error else {
        return error.into();
    };
    let metrics = host.engine().metrics();
    let ended = metrics.completed.get().max(1) as f64;
    let busy = metrics.duration.sum().as_secs_f64();
    let places = metrics.running().max(1) as f64;
    let seconds = waiting as f64 * busy / ended / places;
    ApiError {
        retry_after: Some(seconds.ceil().clamp(1.0, 60.0) as u64),
        ..ApiError::from(error)
    }
}
