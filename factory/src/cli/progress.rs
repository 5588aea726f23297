//! How long work shows itself: bars on a terminal, plain lines elsewhere.

use std::fmt::Write as _;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::harmless::harmless;
use super::output::Output;
use super::tried::Tried;
use crate::events::{Event, Listener};

/// Draws or prints the events of the workers of this process.
pub(super) struct Progress {
    state: Mutex<State>,
    draws: bool,
    silent: bool,
}

struct State {
    bars: MultiProgress,
    validation: Option<ProgressBar>,
    rollouts: Option<ProgressBar>,
    tried: Tried,
    steps: std::collections::BTreeMap<String, ProgressBar>,
    outcomes: std::collections::BTreeMap<&'static str, u64>,
    expected: u64,
    decided: u64,
    /// Tests that were run, and that whole runs of the suite would have had.
    ran: u64,
    suites: u64,
    started: Option<Instant>,
    last_line: Instant,
}

/// How often plain lines tell how validation goes.
const LINE_EVERY: Duration = Duration::from_secs(10);

impl Progress {
    pub(super) fn new(output: &Output) -> Self {
        let state = State {
            bars: MultiProgress::new(),
            validation: None,
            rollouts: None,
            tried: Tried::default(),
            steps: std::collections::BTreeMap::new(),
            outcomes: std::collections::BTreeMap::new(),
            expected: 0,
            decided: 0,
            ran: 0,
            suites: 0,
            started: None,
            last_line: Instant::now(),
        };
        Self {
            state: Mutex::new(state),
            draws: output.draws(),
            silent: output.is_json(),
        }
    }

    /// A bar of its own, for work that is no job; hidden where nothing is drawn.
    pub(super) fn bar(&self, what: &'static str, length: u64) -> ProgressBar {
        if !self.draws {
            return ProgressBar::hidden();
        }
        let bar = self
            .lock()
            .bars
            .add(ProgressBar::new(length).with_style(bar_style()));
        bar.set_prefix(what);
        bar
    }

    /// Clears the bars.
    pub(super) fn finish(&self) {
        let state = self.lock();
        let _ = state.bars.clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // A panic while drawing must not take the work down with it.
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn tell_of_rollouts(&self, state: &mut State) {
        let (finished, expected) = (state.tried.finished(), state.tried.expected);
        let line = state.tried.line();
        if let Some(bar) = &state.rollouts {
            bar.set_position(finished);
            bar.set_message(line);
        } else if state.last_line.elapsed() >= LINE_EVERY || finished == expected {
            state.last_line = Instant::now();
            self.say(
                state,
                &format!("rollouts: {finished} of {expected}; {line}"),
            );
        }
    }

    fn say(&self, state: &State, line: &str) {
        let line = &harmless(line);
        if self.draws {
            let _ = state.bars.println(line);
        } else {
            line_to_stderr(line);
        }
    }
}

/// A line on stderr; a reader that has gone is no reason to stop working.
fn line_to_stderr(line: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

impl Listener for Progress {
    fn hear(&self, event: Event) {
        if self.silent {
            return;
        }
        let mut state = self.lock();
        match event {
            Event::Step { what, step } => {
                if self.draws {
                    let bars = state.bars.clone();
                    let bar = state.steps.entry(what.clone()).or_insert_with(|| {
                        let bar = bars.add(ProgressBar::new_spinner().with_style(step_style()));
                        bar.enable_steady_tick(Duration::from_millis(120));
                        bar
                    });
                    bar.set_message(format!("{what}: {step}"));
                } else {
                    tracing::info!(source = what, "{step}");
                }
            }
            Event::Stage { what, line } => {
                if let Some(bar) = state.steps.remove(&what) {
                    bar.finish_and_clear();
                }
                self.say(&state, &format!("{what}: {line}"));
            }
            Event::Expected { candidates } => {
                state.expected += candidates;
                state.started.get_or_insert_with(Instant::now);
                if self.draws {
                    let expected = state.expected;
                    let bars = state.bars.clone();
                    let bar = state.validation.get_or_insert_with(|| {
                        let bar = bars.add(
                            ProgressBar::new(0)
                                .with_style(bar_style())
                                .with_prefix("validating"),
                        );
                        bar.enable_steady_tick(Duration::from_millis(250));
                        bar
                    });
                    bar.set_length(expected);
                }
            }
            Event::ExpectedRollouts { rollouts } => {
                state.tried.expect(rollouts);
                if self.draws {
                    let (expected, bars) = (state.tried.expected, state.bars.clone());
                    let bar = state.rollouts.get_or_insert_with(|| {
                        let bar = ProgressBar::new(0).with_style(bar_style());
                        let bar = bars.add(bar.with_prefix("rolling out"));
                        bar.enable_steady_tick(Duration::from_millis(250));
                        bar
                    });
                    bar.set_length(expected);
                }
            }
            Event::Stepped { tokens } => {
                state.tried.stepped(tokens);
                self.tell_of_rollouts(&mut state);
            }
            Event::Attempted {
                instance_id,
                exit,
                steps,
            } => {
                state.tried.attempted();
                tracing::info!(instance.id = instance_id, exit, steps, "attempted");
            }
            Event::Graded { outcome } => {
                state.tried.graded(outcome);
                self.tell_of_rollouts(&mut state);
            }
            Event::Decided {
                outcome,
                ran,
                suite,
            } => {
                *state.outcomes.entry(outcome).or_default() += 1;
                state.decided += 1;
                state.ran += ran;
                state.suites += suite;
                let counts = counts(&state.outcomes) + &saving(&state);
                if let Some(bar) = &state.validation {
                    bar.set_message(counts);
                    bar.inc(1);
                } else if state.last_line.elapsed() >= LINE_EVERY || state.decided == state.expected
                {
                    state.last_line = Instant::now();
                    let line = rate_line(&state, &counts);
                    self.say(&state, &line);
                }
            }
        }
    }
}

fn step_style() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}")
        .expect("the template is constant")
}

fn bar_style() -> ProgressStyle {
    ProgressStyle::with_template("{prefix} {bar:30} {pos}/{len}  {per_sec}, {eta} left  {wide_msg}")
        .expect("the template is constant")
}

fn counts(outcomes: &std::collections::BTreeMap<&'static str, u64>) -> String {
    let mut text = String::new();
    for (outcome, count) in outcomes {
        let separator = if text.is_empty() { "" } else { ", " };
        let _ = write!(text, "{separator}{count} {outcome}");
    }
    text
}

/// What of the tests did not have to be run.
fn saving(state: &State) -> String {
    match state
        .suites
        .saturating_sub(state.ran)
        .saturating_mul(100)
        .checked_div(state.suites)
    {
        Some(percent) if percent > 0 => format!("; {percent}% of the tests saved"),
        _ => String::new(),
    }
}

fn rate_line(state: &State, counts: &str) -> String {
    let elapsed = state
        .started
        .map_or(0.0, |started| started.elapsed().as_secs_f64());
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = state.decided as f64 / elapsed.max(0.001);
    #[expect(clippy::cast_precision_loss, reason = "a duration for people")]
    let left = state.expected.saturating_sub(state.decided) as f64 / rate.max(0.001);
    format!(
        "validated {} of {} ({rate:.1}/s, {left:.0} s left): {counts}",
        state.decided, state.expected
    )
}
