//! What can go wrong with a ladder.

use std::path::PathBuf;

/// Why a ladder cannot be read, fitted or planned.
#[derive(Debug, thiserror::Error)]
pub enum LadderError {
    /// A file or folder cannot be read.
    #[error("cannot read {}; check the path and its permissions", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file is not well-formed CSV or JSON lines.
    #[error("cannot read {} as a table: {problem}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong and on which line.
        problem: String,
    },
    /// No file that was given is a table of checkpoints.
    #[error(
        "found no table of checkpoints in {}: {problem}; a table needs the columns run, n, tokens and either task \
         with loss or accuracy, or one column a task such as mmlu_acc, in a .csv or .jsonl file",
        path.display()
    )]
    NoTable {
        /// What was looked at.
        path: PathBuf,
        /// Why each file was left out.
        problem: String,
    },
    /// One run has more than one model size.
    #[error(
        "run {run} has {first} parameters on one row and {second} on another; give runs of different models \
         different names"
    )]
    TwoSizes {
        /// The run.
        run: String,
        /// One size.
        first: f64,
        /// The other.
        second: f64,
    },
    /// A name that the data does not have.
    #[error("there is no {kind} {name:?} in the data; it has {known}")]
    Unknown {
        /// Task, run or feature.
        kind: &'static str,
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// Too few points for the parameters of a curve.
    #[error(
        "{task}: {have} usable {points} cannot determine the {need} parameters of the {curve}; add runs, or choose a \
         form with fewer parameters"
    )]
    TooFewPoints {
        /// The task.
        task: String,
        /// The kind of point.
        points: &'static str,
        /// How many there are.
        have: usize,
        /// How many parameters the curve has.
        need: usize,
        /// The curve.
        curve: &'static str,
    },
    /// All points share a value that a curve has to learn from.
    #[error("{task}: {what} is the same at every point, so the {curve} cannot be fitted")]
    Constant {
        /// The task.
        task: String,
        /// What does not vary.
        what: &'static str,
        /// The curve.
        curve: &'static str,
    },
    /// No start of a fit led anywhere.
    #[error(
        "{task}: the fit of the {curve} found no finite minimum from {starts} starts; look for outliers in the data"
    )]
    NoFit {
        /// The task.
        task: String,
        /// The curve.
        curve: &'static str,
        /// How many starts were tried.
        starts: usize,
    },
    /// A setting that makes no sense.
    #[error("{name} is {value}, but {rule}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// What it was.
        value: String,
        /// What it may be.
        rule: &'static str,
    },
    /// There is nothing to do the work on.
    #[error("there is no {what}; {remedy}")]
    Nothing {
        /// What is missing.
        what: &'static str,
        /// What to do.
        remedy: &'static str,
    },
}

/// The result of work on a ladder.
pub type Result<T> = std::result::Result<T, LadderError>;
