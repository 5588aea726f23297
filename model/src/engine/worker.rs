//! The engine's thread: plan, compute, choose, tell.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use super::{
    Model, RequestError, Vocabulary,
    plan::{Assembled, Part, distribute},
    queue::Queued as _,
    scheduler::Scheduler,
    sequence::Sequence,
};
use crate::{Error, Result};

/// What the engine's thread is told.
#[derive(Debug)]
pub(super) enum Message {
    /// A checked request, counted as waiting.
    Add(Box<Sequence>),
    /// Finish what is there and end.
    Close,
}

/// How often clients that do not read are looked after when nothing else is to be done.
const PATIENCE: Duration = Duration::from_millis(5);

pub(super) struct Worker {
    pub(super) model: Box<dyn Model>,
    pub(super) vocabulary: Arc<Vocabulary>,
    pub(super) scheduler: Scheduler,
    pub(super) inbox: Receiver<Message>,
}

impl Worker {
    /// Works until it is told to close, or nobody is left who could send requests.
    pub(super) fn run(mut self) {
        let mut closing = false;
        loop {
            if self.scheduler.is_idle() {
                if closing {
                    return;
                }
                match self.inbox.recv() {
                    Ok(message) => closing |= self.receive(message),
                    Err(_) => return,
                }
            }
            while let Ok(message) = self.inbox.try_recv() {
                closing |= self.receive(message);
            }
            if !self.step() && !self.scheduler.is_idle() {
                match self.inbox.recv_timeout(PATIENCE) {
                    Ok(message) => closing |= self.receive(message),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => {
                        closing = true;
                        std::thread::sleep(PATIENCE);
                    }
                }
            }
        }
    }

    fn receive(&mut self, message: Message) -> bool {
        match message {
            Message::Add(sequence) => self.scheduler.add(*sequence),
            Message::Close => return true,
        }
        false
    }

    /// One step; false when there was nothing to compute.
    pub(super) fn step(&mut self) -> bool {
        self.look_after_clients();
        let parts = self.scheduler.plan();
        let worked = !parts.is_empty();
        if worked {
            self.compute(&parts);
        }
        let occupancy = self.scheduler.pool.occupancy();
        self.scheduler
            .metrics
            .observe(self.scheduler.running.len(), occupancy);
        worked
    }

    /// Forgets requests whose clients have left, and holds up those whose clients do not read.
    fn look_after_clients(&mut self) {
        let metrics = Arc::clone(&self.scheduler.metrics);
        for _ in self.scheduler.queue.take_if(Sequence::is_abandoned) {
            metrics.wait_less();
            metrics.cancelled.add(1);
        }
        let patience = self.scheduler.settings.stall;
        let most = self.scheduler.settings.guesses + 2;
        let mut gone = Vec::new();
        for (&id, sequence) in &mut self.scheduler.running {
            if sequence.is_abandoned() {
                metrics.cancelled.add(1);
                gone.push(id);
            } else if sequence.has_room(most) {
                sequence.stalled = None;
            } else if sequence.stalled.get_or_insert_with(Instant::now).elapsed() > patience {
                metrics.failed.add(1);
                sequence.fail(RequestError::ClientStalled {
                    seconds: patience.as_secs(),
                });
                gone.push(id);
            }
        }
        for id in gone {
            self.remove(id);
        }
    }

    /// Runs the parts together; if that fails, one by one, so that only those fail that cannot be computed.
    fn compute(&mut self, parts: &[Part]) {
        let outcomes: Vec<Result<Vec<f32>>> = match self.run_model(parts) {
            Ok(logits) => logits.into_iter().map(Ok).collect(),
            Err(error) if parts.len() == 1 => vec![Err(error)],
            Err(error) => {
                tracing::warn!(%error, sequences = parts.len(), "a step failed; its sequences are computed one by one");
                let alone = |part: &Part| {
                    self.run_model(std::slice::from_ref(part))
                        .map(|rows| rows.concat())
                };
                parts.iter().map(alone).collect()
            }
        };
        for (part, outcome) in parts.iter().zip(outcomes) {
            let applied = outcome.and_then(|logits| self.apply(part, &logits));
            if let Err(error) = applied {
                self.fail(part.sequence, &error);
            }
        }
        // Kept until now so that nothing in this step could write to what a copy reads.
        for copy in parts.iter().flat_map(|part| &part.copies) {
            self.scheduler.pool.release(copy.from);
        }
    }

    fn run_model(&mut self, parts: &[Part]) -> Result<Vec<Vec<f32>>> {
        let assembled = Assembled::new(parts);
        let vocabulary = self.model.vocabulary();
        let started = Instant::now();
        // A defect in a kernel must not take the other requests down.
        let outcome = catch_unwind(AssertUnwindSafe(|| self.model.step(&assembled.step())));
        let logits = outcome.unwrap_or_else(|_| {
            Err(Error::Batch(
                "the model panicked; its message is on stderr".into(),
            ))
        })?;
        let metrics = &self.scheduler.metrics;
        metrics.steps.add(1);
        metrics
            .rows
            .add(parts.iter().map(|part| part.tokens.len()).sum());
        metrics
            .step_microseconds
            .add(usize::try_from(started.elapsed().as_micros()).unwrap_or(usize::MAX));
        if logits.len() != assembled.rows * vocabulary {
            return Err(Error::Batch(format!(
                "the model returned {} logits for {} rows of {vocabulary}",
                logits.len(),
                assembled.rows
            )));
        }
        Ok(distribute(parts, &logits, vocabulary))
    }

    /// Takes over what was computed for a part, and chooses as many tokens as its guesses allow.
    fn apply(&mut self, part: &Part, logits: &[f32]) -> Result<()> {
        let scheduler = &mut self.scheduler;
        let Some(sequence) = scheduler.running.get_mut(&part.sequence) else {
            return Ok(());
        };
        let own = part.tokens.len() - part.guesses;
        sequence.computed = part.start + own;
        scheduler.queue.charge(sequence.tenant(), part.tokens.len());
        let mut end = None;
        if part.chooses {
            let mut right = 0;
            for (index, row) in logits.chunks_exact(self.model.vocabulary()).enumerate() {
                let (token, reason) =
                    sequence.choose(row, &self.vocabulary, &scheduler.settings.ends)?;
                scheduler.metrics.answer_tokens.add(1);
                end = reason;
                if end.is_some() || part.tokens.get(own + index) != Some(&token) {
                    break;
                }
                // The guess was right, so its keys and values are those of the sequence.
                right += 1;
                sequence.computed += 1;
            }
            sequence.usage.guessed += right;
            sequence.lookup.learn(part.guesses, right);
            scheduler.metrics.guessed_tokens.add(part.guesses);
            scheduler.metrics.accepted_tokens.add(right);
        }
        if scheduler.settings.prefix_cache {
            sequence
                .table
                .publish(&mut scheduler.pool, &sequence.tokens, sequence.computed);
        }
        if let Some(reason) = end {
            // Counted before it is told: whoever has the answer finds it in the metrics.
            scheduler.metrics.completed.add(1);
            scheduler
                .metrics
                .duration
                .observe(sequence.submitted.elapsed());
            if let Some(first) = sequence.first_token {
                scheduler
                    .metrics
                    .first_token
                    .observe(first.duration_since(sequence.submitted));
            }
            sequence.finish(reason);
            self.remove(part.sequence);
        }
        Ok(())
    }

    fn fail(&mut self, id: u64, error: &Error) {
        tracing::warn!(sequence = id, %error, "a request failed");
        if let Some(sequence) = self.scheduler.running.get(&id) {
            self.scheduler.metrics.failed.add(1);
            sequence.fail(match error {
                Error::NotFinite { .. } => RequestError::NotFinite(error.to_string()),
                _ => RequestError::Model(error.to_string()),
            });
        }
        self.remove(id);
    }

    fn remove(&mut self, id: u64) {
        if let Some(sequence) = self.scheduler.running.remove(&id) {
            sequence.table.release(&mut self.scheduler.pool);
        }
    }
}
