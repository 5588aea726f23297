//! How the rollouts of this process go, in one line.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Instant;

/// Counts since the first rollout was expected.
#[derive(Debug, Default)]
pub(super) struct Tried {
    pub(super) expected: u64,
    attempted: u64,
    steps: u64,
    tokens: u64,
    outcomes: BTreeMap<&'static str, u64>,
    started: Option<Instant>,
}

impl Tried {
    pub(super) fn expect(&mut self, rollouts: u64) {
        self.expected += rollouts;
        self.started.get_or_insert_with(Instant::now);
    }

    pub(super) fn stepped(&mut self, tokens: u64) {
        self.steps += 1;
        self.tokens += tokens;
    }

    pub(super) fn attempted(&mut self) {
        self.attempted += 1;
    }

    pub(super) fn graded(&mut self, outcome: &'static str) {
        *self.outcomes.entry(outcome).or_default() += 1;
    }

    /// Rollouts that are at their end.
    pub(super) fn finished(&self) -> u64 {
        self.outcomes.values().sum()
    }

    /// What has happened so far.
    pub(super) fn line(&self) -> String {
        let seconds = self
            .started
            .map_or(0.0, |started| started.elapsed().as_secs_f64());
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = self.tokens as f64 / seconds.max(0.001);
        let mut line = format!(
            "{} attempted, {} steps, {rate:.0} tokens/s",
            self.attempted, self.steps
        );
        for (outcome, count) in &self.outcomes {
            let _ = write!(line, ", {count} {outcome}");
        }
        line
    }
}
