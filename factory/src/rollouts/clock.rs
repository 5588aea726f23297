//! Where the time of an attempt goes that is neither its model's nor its commands': told apart, so that what the harness
//! costs can be seen beside what it waits for.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use nix::time::{ClockId, clock_gettime};
use swemill_agent::lm::{Completion, Lm, LmError, Policy, Query};
use swemill_store::rollouts::Overhead;

use super::record::Billed;

/// Adds up time.
#[derive(Debug, Default)]
pub(super) struct Meter {
    nanoseconds: AtomicU64,
}

impl Meter {
    /// Lets a future run, and adds the time until it is done.
    pub(super) async fn over<F: Future>(&self, work: F) -> F::Output {
        let begun = Instant::now();
        let done = work.await;
        self.add(begun.elapsed());
        done
    }

    fn add(&self, time: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    fn seconds(&self) -> f64 {
        let nanoseconds = self.nanoseconds.load(Ordering::Relaxed);
        Duration::from_nanos(nanoseconds).as_secs_f64()
    }
}

/// The meters of one attempt. What they measure follows one another, so that the rest is the harness's own.
#[derive(Debug, Default)]
pub(super) struct Clock {
    /// Waiting for a turn to run a command.
    pub(super) turns: Meter,
    /// Waiting for the sealed place.
    pub(super) sealing: Meter,
    /// Sandboxes: commands, and everything else that is asked of them.
    pub(super) sandboxes: Meter,
    /// The model, failed tries and waits between them included.
    pub(super) model: Meter,
}

impl Clock {
    /// What an attempt that took `wall` time was beside what its steps are billed with.
    pub(super) fn overhead(&self, wall: Duration, processor: Duration, billed: Billed) -> Overhead {
        let [turns, sealing, sandboxes, model] =
            [&self.turns, &self.sealing, &self.sandboxes, &self.model].map(Meter::seconds);
        // A replay's steps have the seconds that were recorded, which may be more than passed.
        let failed_tries = (model - billed.lm).max(0.0);
        Overhead {
            waiting_seconds: turns + failed_tries,
            sealing_seconds: sealing,
            sandbox_seconds: (sandboxes - billed.execution).max(0.0),
            harness_seconds: (wall.as_secs_f64() - turns - sealing - sandboxes - model).max(0.0),
            processor_seconds: processor.as_secs_f64(),
        }
    }
}

/// Seconds of a processor that the polls of a future take on their threads.
#[derive(Debug)]
pub(super) struct Processor<F> {
    work: Pin<Box<F>>,
    used: Duration,
}

impl<F: Future> Processor<F> {
    pub(super) fn over(work: F) -> Self {
        Self {
            work: Box::pin(work),
            used: Duration::ZERO,
        }
    }
}

impl<F: Future> Future for Processor<F> {
    type Output = (F::Output, Duration);

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let before = of_this_thread();
        let polled = self.work.as_mut().poll(context);
        self.used += of_this_thread().saturating_sub(before);
        polled.map(|done| (done, self.used))
    }
}

/// What this thread has had of the processors; nothing where the kernel does not say.
fn of_this_thread() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(Duration::ZERO, Duration::from)
}

/// A model whose time is taken.
#[derive(Debug)]
pub(super) struct Timed {
    pub(super) lm: Arc<dyn Lm>,
    pub(super) clock: Arc<Clock>,
}

#[async_trait]
impl Lm for Timed {
    fn name(&self) -> &str {
        self.lm.name()
    }

    fn policy(&self) -> Policy {
        self.lm.policy()
    }

    async fn complete(&self, query: Query<'_>) -> Result<Completion, LmError> {
        let answer = pin!(self.lm.complete(query));
        self.clock.model.over(answer).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_told_apart_adds_up_to_the_whole_time() {
        let clock = Clock::default();
        let begun = Instant::now();
        let nap = || tokio::time::sleep(Duration::from_millis(20));
        clock.turns.over(nap()).await;
        clock.sandboxes.over(nap()).await;
        clock.model.over(nap()).await;
        nap().await;
        let wall = begun.elapsed();
        let billed = Billed {
            lm: 0.015,
            execution: 0.005,
        };
        let overhead = clock.overhead(wall, Duration::ZERO, billed);
        let told = overhead.waiting_seconds + overhead.sandbox_seconds + overhead.harness_seconds;
        assert!((told + billed.lm + billed.execution - wall.as_secs_f64()).abs() < 1e-6);
        assert!(overhead.harness_seconds >= 0.02, "{overhead:?}");
        assert!(overhead.waiting_seconds >= 0.025, "{overhead:?}");
        assert!(overhead.sandbox_seconds >= 0.015, "{overhead:?}");
    }

    #[tokio::test]
    async fn a_future_that_sleeps_has_no_processor_and_one_that_computes_has() {
        let sleeping = tokio::time::sleep(Duration::from_millis(50));
        let ((), slept) = Processor::over(sleeping).await;
        let computing = async {
            let end = of_this_thread() + Duration::from_millis(20);
            while of_this_thread() < end {}
        };
        let ((), computed) = Processor::over(computing).await;
        assert!(slept < Duration::from_millis(10), "{slept:?}");
        assert!(computed >= Duration::from_millis(20), "{computed:?}");
    }
}
