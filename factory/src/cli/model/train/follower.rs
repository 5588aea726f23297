//! Showing how training goes, evaluating on the way, and stopping when asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use swemill_model::Result;
use swemill_model::training::report::Record;
use swemill_model::training::{Document, Hooks, Trainer};

use crate::cli::output::Output;

/// How often plain lines are written where nothing is drawn.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// A bar on a terminal, plain lines elsewhere.
pub(super) struct Follower<'a> {
    output: &'a Output,
    bar: ProgressBar,
    steps: u64,
    evaluated: Vec<&'a Document>,
    stop: Arc<AtomicBool>,
    last: Option<Record>,
    last_line: Option<Instant>,
}

impl<'a> Follower<'a> {
    pub(super) fn new(
        output: &'a Output,
        steps: u64,
        evaluated: &'a [Document],
        stop: Arc<AtomicBool>,
    ) -> Self {
        let bar = if output.draws() {
            let style =
                ProgressStyle::with_template("{bar:30} {msg}").expect("the template is constant");
            ProgressBar::new(steps).with_style(style)
        } else {
            ProgressBar::hidden()
        };
        Self {
            output,
            bar,
            steps,
            evaluated: evaluated.iter().collect(),
            stop,
            last: None,
            last_line: None,
        }
    }

    /// Takes the bar away; the last step of this run, if there was one.
    pub(super) fn finish(self) -> Option<Record> {
        self.bar.finish_and_clear();
        self.last
    }
}

impl Hooks for Follower<'_> {
    fn step(&mut self, record: &Record) -> bool {
        let step = record.report.step;
        self.bar.set_position(step);
        self.bar.set_message(record.line(self.steps));
        let due = self
            .last_line
            .is_none_or(|last| last.elapsed() >= LINE_EVERY);
        if !self.output.draws() && (due || step == self.steps || record.evaluation.is_some()) {
            self.output.note(record.line(self.steps));
            self.last_line = Some(Instant::now());
        }
        self.last = Some(*record);
        !self.stop.load(Ordering::Relaxed)
    }

    fn evaluate(&mut self, trainer: &Trainer) -> Result<Option<f64>> {
        if self.evaluated.is_empty() {
            return Ok(None);
        }
        trainer.evaluate(&self.evaluated)
    }
}
