//! Where the time of an attempt goes that is neither its model's nor its commands': told apart, so that what the harness
//! costs can be seen beside what it waits for.

use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use nix::time::{ClockId, clock_gettime};
use swemill_agent::lm::{Completion, Lm, LmError, Policy, Query};
use swemill_store::rollouts::Overhead;

use super::record::Billed;

/// What the time of an attempt is told apart into, beside the harness's own. What is under way together with another part
/// costs nothing of its own: the time is the first one's in this order.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    /// The model, failed tries and waits between them included.
    Model,
    /// Sandboxes: commands, and everything else that is asked of them.
    Sandbox,
    /// Waiting for the sealed place.
    Sealing,
    /// Waiting for a turn to run a command.
    Turn,
}

/// The times of one attempt.
#[derive(Debug, Default)]
pub(super) struct Clock {
    times: Mutex<Times>,
}

#[derive(Debug, Default)]
struct Times {
    of: [Duration; 4],
    /// How much of each part is under way, and since when all of it has been the same.
    under_way: [usize; 4],
    since: Option<Instant>,
}

impl Times {
    /// Gives the time until now to the part that has it.
    fn settle(&mut self) {
        let now = Instant::now();
        let since = self.since.replace(now).unwrap_or(now);
        if let Some(part) = self.under_way.iter().position(|&count| count > 0) {
            self.of[part] += now.saturating_duration_since(since);
        }
    }
}

/// A part that is under way, until this is dropped.
struct UnderWay<'a> {
    clock: &'a Clock,
    part: Part,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut times = self.clock.times();
        times.settle();
        times.under_way[self.part as usize] -= 1;
    }
}

impl Clock {
    /// Lets a future run, and gives the time until it is done to a part.
    pub(super) async fn over<F: Future>(&self, part: Part, work: F) -> F::Output {
        let _under_way = self.begin(part);
        work.await
    }

    fn begin(&self, part: Part) -> UnderWay<'_> {
        let mut times = self.times();
        times.settle();
        times.under_way[part as usize] += 1;
        UnderWay { clock: self, part }
    }

    fn times(&self) -> MutexGuard<'_, Times> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What an attempt that took `wall` time was beside what its steps are billed with.
    pub(super) fn overhead(&self, wall: Duration, processor: Duration, billed: Billed) -> Overhead {
        let [model, sandboxes, sealing, turns] =
            self.times().of.map(|duration| duration.as_secs_f64());
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
        self.clock.over(Part::Model, answer).await
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
        clock.over(Part::Turn, nap()).await;
        clock.over(Part::Sandbox, nap()).await;
        clock.over(Part::Model, nap()).await;
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
    async fn what_is_done_while_the_model_answers_costs_only_what_is_left_after_its_answer() {
        let clock = Clock::default();
        let nap = |milliseconds| tokio::time::sleep(Duration::from_millis(milliseconds));
        let begun = Instant::now();
        let starting = async {
            clock.over(Part::Sealing, nap(20)).await;
            clock.over(Part::Sandbox, nap(60)).await;
        };
        let comparing = clock.over(Part::Sandbox, nap(75));
        tokio::join!(clock.over(Part::Model, nap(50)), starting, comparing);
        let wall = begun.elapsed();
        let overhead = clock.overhead(wall, Duration::ZERO, Billed::default());
        assert!(overhead.sealing_seconds < 0.005, "{overhead:?}");
        assert!(overhead.waiting_seconds >= 0.05, "{overhead:?}");
        assert!(overhead.sandbox_seconds >= 0.02, "{overhead:?}");
        // What is under way together is counted once.
        let told = [
            overhead.waiting_seconds,
            overhead.sealing_seconds,
            overhead.sandbox_seconds,
            overhead.harness_seconds,
        ];
        let told: f64 = told.iter().sum();
        assert!((told - wall.as_secs_f64()).abs() < 1e-6, "{overhead:?}");
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
