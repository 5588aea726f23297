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

/// What the time of an attempt is told apart into, beside the harness's own.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    /// The model, failed tries and waits between them included.
    Model,
    /// Waiting for a turn to run a command.
    Turn,
    /// Waiting for the sealed place.
    Sealing,
    /// Sandboxes: commands, and everything else that is asked of them.
    Sandbox,
}

/// The times of one attempt. While the model answers it is the model that is waited for, whatever is done meanwhile; the
/// other parts follow one another. So they add up, and what is left is the harness's own.
#[derive(Debug, Default)]
pub(super) struct Clock {
    times: Mutex<Times>,
}

#[derive(Debug, Default)]
struct Times {
    of: [Duration; 4],
    /// Since when the model is answering.
    model_since: Option<Instant>,
}

impl Times {
    /// What the model has had so far.
    fn model(&self) -> Duration {
        let running = self.model_since.map(|since| since.elapsed());
        self.of[Part::Model as usize] + running.unwrap_or_default()
    }
}

impl Clock {
    /// Lets a future run, and adds the time until it is done to a part.
    pub(super) async fn over<F: Future>(&self, part: Part, work: F) -> F::Output {
        let begun = Instant::now();
        let model_before = {
            let mut times = self.times();
            if matches!(part, Part::Model) {
                times.model_since = Some(begun);
            }
            times.model()
        };
        let done = work.await;
        let elapsed = begun.elapsed();
        let mut times = self.times();
        let time = if matches!(part, Part::Model) {
            times.model_since = None;
            elapsed
        } else {
            elapsed.saturating_sub(times.model().saturating_sub(model_before))
        };
        times.of[part as usize] += time;
        done
    }

    fn times(&self) -> MutexGuard<'_, Times> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What an attempt that took `wall` time was beside what its steps are billed with.
    pub(super) fn overhead(&self, wall: Duration, processor: Duration, billed: Billed) -> Overhead {
        let [model, turns, sealing, sandboxes] =
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
        tokio::join!(clock.over(Part::Model, nap(50)), starting);
        let wall = begun.elapsed();
        let billed = Billed {
            lm: 0.05,
            execution: 0.0,
        };
        let overhead = clock.overhead(wall, Duration::ZERO, billed);
        assert!(overhead.sealing_seconds < 0.005, "{overhead:?}");
        assert!(
            (0.02..0.06).contains(&overhead.sandbox_seconds),
            "{overhead:?}"
        );
        assert!(overhead.harness_seconds < 0.01, "{overhead:?}");
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
