//! What a decision cost and how it came about.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use swemill_harness::TestRun;

/// How the tests were run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Way {
    /// Not at all: no test executes what is changed.
    Unreached,
    /// Those that the change can reach, in a copy of a process that had collected all.
    Reached,
    /// All, in a copy of a process that had imported nothing of the repository.
    Whole,
    /// All, in a process of their own.
    Fresh,
}

/// Adds up what a decision costs.
#[derive(Debug, Default)]
pub(super) struct Clock {
    runs: usize,
    tests: usize,
    wall: Duration,
    cpu: Duration,
    testing: Duration,
    way: Option<(Way, String)>,
}

impl Clock {
    pub(super) fn count(&mut self, run: TestRun) -> TestRun {
        self.add(&run);
        run
    }

    pub(super) fn add(&mut self, run: &TestRun) {
        self.runs += 1;
        self.tests += run.tests.len();
        self.wall += run.wall;
        self.cpu += run.cpu;
        self.testing += run.testing;
    }

    /// Notes how the tests were run, and why so.
    pub(super) fn went(&mut self, way: Way, reason: &str) {
        self.way = Some((way, reason.to_owned()));
    }

    /// Everything, for the store. `test_seconds` is what of `cpu_seconds` the tests themselves took.
    pub(super) fn evidence(&self) -> Value {
        let (way, reason) = self.way.as_ref().map(|(way, reason)| (way, reason)).unzip();
        json!({
            "way": way,
            "reason": reason,
            "runs": self.runs,
            "tests": self.tests,
            "wall_seconds": self.wall.as_secs_f64(),
            "cpu_seconds": self.cpu.as_secs_f64(),
            "test_seconds": self.testing.as_secs_f64(),
        })
    }
}
