//! What a run tells: a record a step as JSON lines, a line for people, and a picture of the losses.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::trainer::StepReport;
use crate::{Error, Result};

/// A step with how fast it went.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The step.
    #[serde(flatten)]
    pub report: StepReport,
    /// Tokens seen since the run began.
    pub total_tokens: u64,
    /// Tokens a second, over the last steps.
    pub tokens_per_second: f64,
    /// Seconds until the run is done, at that rate.
    pub seconds_left: f64,
    /// The loss of an evaluation after this step, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluation: Option<f64>,
}

impl Record {
    /// One line for people.
    pub fn line(&self, steps: u64) -> String {
        let StepReport {
            step,
            loss,
            learning_rate,
            gradient_norm,
            ..
        } = self.report;
        let evaluation = self
            .evaluation
            .map(|loss| format!(", evaluation {loss:.4}"))
            .unwrap_or_default();
        let left = duration(Duration::try_from_secs_f64(self.seconds_left).unwrap_or_default());
        format!(
            "step {step} of {steps}: loss {loss:.4}{evaluation}, rate {learning_rate:.2e}, gradient {gradient_norm:.2}, {:.0} tokens/s, {left} left",
            self.tokens_per_second
        )
    }
}

fn duration(left: Duration) -> String {
    let seconds = left.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

/// Measures how fast a run goes, forgetting old steps.
#[derive(Debug)]
pub struct Speed {
    last: Instant,
    /// Seconds a token, smoothed over about ten steps.
    smooth: Option<f64>,
}

impl Speed {
    /// Starts measuring.
    pub fn start() -> Self {
        Self {
            last: Instant::now(),
            smooth: None,
        }
    }

    /// Takes a step's tokens in; returns tokens a second.
    pub fn step(&mut self, tokens: u64) -> f64 {
        let took = self.last.elapsed().as_secs_f64();
        self.last = Instant::now();
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let now = took / tokens.max(1) as f64;
        let smooth = self.smooth.map_or(now, |before| 0.9 * before + 0.1 * now);
        self.smooth = Some(smooth);
        smooth.max(1e-12).recip()
    }

    /// Leaves out what happened since the last step: evaluations and checkpoints are not training.
    pub fn skip(&mut self) {
        self.last = Instant::now();
    }
}

/// A file of records, one JSON object a line.
#[derive(Debug)]
pub struct Metrics {
    path: PathBuf,
    file: File,
}

impl Metrics {
    /// Opens a file; records after `step` that an interrupted run left are cut off, so that every step stands there once.
    pub fn open(path: &Path, step: u64) -> Result<Self> {
        let kept: Vec<Record> = if path.exists() {
            read(path)?
        } else {
            Vec::new()
        };
        let mut file = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .open(path)
            .map_err(Error::file("write", path))?;
        for record in kept.iter().filter(|record| record.report.step <= step) {
            write(&mut file, path, record)?;
        }
        Ok(Self {
            path: path.to_owned(),
            file,
        })
    }

    /// Adds a record.
    pub fn add(&mut self, record: &Record) -> Result<()> {
        write(&mut self.file, &self.path, record)
    }
}

/// The records of a file; a last line that was cut is left out.
pub fn read(path: &Path) -> Result<Vec<Record>> {
    let text = std::fs::read_to_string(path).map_err(Error::file("read", path))?;
    Ok(text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect())
}

fn write(file: &mut File, path: &Path, record: &Record) -> Result<()> {
    let mut line = serde_json::to_vec(record).expect("a record is numbers");
    line.push(b'\n');
    file.write_all(&line).map_err(Error::file("write", path))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn record(step: u64, loss: f64) -> Record {
        let report = StepReport {
            step,
            loss,
            learning_rate: 1e-3,
            gradient_norm: 1.0,
            tokens: 10,
            balance: 0.0,
            router_z: 0.0,
        };
        Record {
            report,
            total_tokens: 10 * step,
            tokens_per_second: 1234.5,
            seconds_left: 3723.0,
            evaluation: None,
        }
    }

    #[test]
    fn a_resumed_run_writes_every_step_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        let mut metrics = Metrics::open(&path, 0).unwrap();
        for step in 1..=5 {
            metrics.add(&record(step, 2.0)).unwrap();
        }
        drop(metrics);
        std::fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap()
            .write_all(b"{\"step\":6,\"lo")
            .unwrap();
        let mut metrics = Metrics::open(&path, 3).unwrap();
        metrics.add(&record(4, 1.0)).unwrap();
        let steps: Vec<u64> = read(&path)
            .unwrap()
            .iter()
            .map(|record| record.report.step)
            .collect();
        assert_eq!(steps, [1, 2, 3, 4]);
    }

    #[test]
    fn a_line_tells_loss_speed_and_time_left() {
        let line = record(3, 2.5).line(9);
        assert_eq!(
            line,
            "step 3 of 9: loss 2.5000, rate 1.00e-3, gradient 1.00, 1234 tokens/s, 1 h 2 min left"
        );
    }
}
