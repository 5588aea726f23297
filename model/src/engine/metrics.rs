//! What the engine has done and is doing, for `/metrics` and for people.

use std::{
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    time::Duration,
};

use super::Occupancy;

/// Counters and gauges; reading them takes no lock.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Answers that came to their end.
    pub completed: Counter,
    /// Requests that failed.
    pub failed: Counter,
    /// Requests whose client left.
    pub cancelled: Counter,
    /// Requests refused because the queue was full.
    pub refused: Counter,
    /// Times that a sequence had to give its blocks to another one.
    pub preemptions: Counter,
    /// Steps of the model.
    pub steps: Counter,
    /// Rows of all steps.
    pub rows: Counter,
    /// Microseconds spent in steps of the model.
    pub step_microseconds: Counter,
    /// Tokens of admitted prompts.
    pub prompt_tokens: Counter,
    /// Those of them that were found in the prefix cache.
    pub cached_tokens: Counter,
    /// Tokens of answers.
    pub answer_tokens: Counter,
    /// Tokens guessed ahead.
    pub guessed_tokens: Counter,
    /// Those of them that were right.
    pub accepted_tokens: Counter,
    /// From submission to the first token.
    pub first_token: Histogram,
    /// From submission to the end.
    pub duration: Histogram,
    waiting: AtomicUsize,
    running: AtomicUsize,
    used_blocks: AtomicUsize,
    idle_blocks: AtomicUsize,
    total_blocks: AtomicUsize,
    evictions: AtomicU64,
}

impl Metrics {
    /// Requests that wait.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Sequences that are being answered.
    pub fn running(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }

    /// How the blocks were used after the last step.
    pub fn occupancy(&self) -> Occupancy {
        let read = |gauge: &AtomicUsize| gauge.load(Ordering::Relaxed);
        let (total, used, idle) = (
            read(&self.total_blocks),
            read(&self.used_blocks),
            read(&self.idle_blocks),
        );
        Occupancy {
            total,
            used,
            idle,
            free: total.saturating_sub(used + idle),
            evictions: self.evictions.load(Ordering::Relaxed),
        }
    }

    /// Counts one more waiting request, unless `limit` wait already; those are returned.
    pub(super) fn try_wait(&self, limit: usize) -> Result<(), usize> {
        let more = |waiting| (waiting < limit).then_some(waiting + 1);
        self.waiting
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
            .map(|_| ())
    }

    pub(super) fn wait_more(&self) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn wait_less(&self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn observe(&self, running: usize, occupancy: Occupancy) {
        self.running.store(running, Ordering::Relaxed);
        self.total_blocks.store(occupancy.total, Ordering::Relaxed);
        self.used_blocks.store(occupancy.used, Ordering::Relaxed);
        self.idle_blocks.store(occupancy.idle, Ordering::Relaxed);
        self.evictions.store(occupancy.evictions, Ordering::Relaxed);
    }
}

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// The number.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn add(&self, more: usize) {
        self.0.fetch_add(more as u64, Ordering::Relaxed);
    }
}

/// The upper ends of a histogram's bins in seconds; the last bin has none.
pub const BINS: [f64; 10] = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0];

/// How often something took how long.
#[derive(Debug, Default)]
pub struct Histogram {
    bins: [AtomicU64; BINS.len() + 1],
    microseconds: AtomicU64,
}

impl Histogram {
    pub(super) fn observe(&self, took: Duration) {
        let seconds = took.as_secs_f64();
        let bin = BINS
            .iter()
            .position(|&end| seconds <= end)
            .unwrap_or(BINS.len());
        self.bins[bin].fetch_add(1, Ordering::Relaxed);
        let microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.microseconds.fetch_add(microseconds, Ordering::Relaxed);
    }

    /// How many durations were at most each of [`BINS`], then how many there are.
    pub fn cumulative(&self) -> [u64; BINS.len() + 1] {
        let mut sum = 0;
        std::array::from_fn(|bin| {
            sum += self.bins[bin].load(Ordering::Relaxed);
            sum
        })
    }

    /// The sum of all durations.
    pub fn sum(&self) -> Duration {
        Duration::from_micros(self.microseconds.load(Ordering::Relaxed))
    }
}
