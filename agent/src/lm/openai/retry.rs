//! When to ask again: exponential waits with full jitter, and what the server asks for.

use std::time::Duration;

use reqwest::header::HeaderValue;

use super::OpenAiOptions;

/// What to do after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    For(Duration),
    NoMore { attempts: u32 },
}

pub(super) struct Retry {
    attempts: u32,
    retries: u32,
    next: Duration,
    longest: Duration,
}

impl Retry {
    pub(super) fn new(options: &OpenAiOptions) -> Self {
        Self {
            attempts: 0,
            retries: options.retries,
            next: options.first_wait,
            longest: options.longest_wait,
        }
    }

    /// Takes note of a failure. `asked` is what the server wants to be given; waiting less would fail again, so jitter
    /// is only added to it.
    pub(super) fn wait(&mut self, asked: Option<Duration>) -> Wait {
        self.attempts += 1;
        if self.attempts > self.retries {
            return Wait::NoMore {
                attempts: self.attempts,
            };
        }
        let most = self.next.min(self.longest);
        self.next = self.next.saturating_mul(2);
        let jitter = most.mul_f64(rand::random_range(0.0..=1.0));
        Wait::For(match asked {
            Some(asked) => asked.min(self.longest) + jitter.min(Duration::from_secs(1)),
            None => jitter,
        })
    }
}

/// `Retry-After` in seconds. Its other form, a date, is taken for nothing: it needs clocks that agree.
pub(super) fn asked_wait(value: &HeaderValue) -> Option<Duration> {
    let seconds: f64 = value.to_str().ok()?.trim().parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}
