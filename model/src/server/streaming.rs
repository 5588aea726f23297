//! Answers as server-sent events, in `OpenAI`'s form: `data: {chunk}` and at the end `data: [DONE]`.

use std::{collections::VecDeque, convert::Infallible};

use axum::response::{
    IntoResponse as _, Response,
    sse::{Event as SseEvent, KeepAlive, Sse},
};
use futures_util::stream::unfold;
use serde_json::Value;

use super::{ApiError, choices::Choices};
use crate::engine::Event;

/// Turns events into chunks of one interface.
pub(super) trait Chunks: Send + 'static {
    /// The chunks for an event of a choice; none while text is held back.
    fn of_event(&mut self, index: usize, event: Event) -> Vec<Value>;
    /// The chunk after the last, if the client asked for one: usage.
    fn last(&mut self) -> Option<Value>;
}

struct Stream<C> {
    choices: Choices,
    chunks: C,
    ready: VecDeque<String>,
    ended: bool,
}

/// Waits for the first event, so that what fails at once fails with its status, then streams.
pub(super) async fn respond(mut choices: Choices, mut chunks: impl Chunks) -> Response {
    let mut ready = VecDeque::new();
    match choices.next().await {
        Some((_, Event::Failed(error))) => return ApiError::from(error).into_response(),
        Some((index, event)) => ready.extend(lines(chunks.of_event(index, event))),
        None => {}
    }
    let stream = Stream {
        choices,
        chunks,
        ready,
        ended: false,
    };
    let events = unfold(stream, async |mut stream| {
        let line = stream.next().await?;
        Some((Ok::<_, Infallible>(SseEvent::default().data(line)), stream))
    });
    let headers = [("cache-control", "no-cache"), ("x-accel-buffering", "no")];
    let events = Sse::new(events).keep_alive(KeepAlive::default());
    (headers, events).into_response()
}

impl<C: Chunks> Stream<C> {
    async fn next(&mut self) -> Option<String> {
        while self.ready.is_empty() {
            if self.ended {
                return None;
            }
            match self.choices.next().await {
                // The status has been sent: clients find the error in the stream, and it ends.
                Some((_, Event::Failed(error))) => {
                    self.ready
                        .push_back(ApiError::from(error).body().to_string());
                    self.end();
                }
                Some((index, event)) => {
                    self.ready.extend(lines(self.chunks.of_event(index, event)));
                }
                None => {
                    let last = self.chunks.last();
                    self.ready.extend(lines(last));
                    self.end();
                }
            }
        }
        self.ready.pop_front()
    }

    fn end(&mut self) {
        self.ready.push_back("[DONE]".into());
        self.ended = true;
    }
}

fn lines(chunks: impl IntoIterator<Item = Value>) -> impl Iterator<Item = String> {
    chunks.into_iter().map(|chunk| chunk.to_string())
}
