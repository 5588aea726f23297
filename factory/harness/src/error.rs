//! What can go wrong around a run. What goes wrong in one is its [`Ending`](crate::Ending).

use std::path::PathBuf;

use crate::Ending;

/// The result of a harness operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure of the machinery, or a repository whose tests cannot serve as a baseline.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The sandbox failed.
    #[error(transparent)]
    Sandbox(#[from] swemill_sandbox::Error),
    /// The plugin's files could not be put in place.
    #[error("cannot install the pytest plugin in {path}: {source}", path = path.display())]
    Install {
        /// Which file or folder.
        path: PathBuf,
        /// What happened.
        source: std::io::Error,
    },
    /// The machine gives no random bytes for a channel's key.
    #[error("the operating system gave no random bytes for the record channel's key: {0}")]
    Random(String),
    /// What tests execute cannot be told, or cannot be used: they have to be run the slow way.
    #[error("only the slow way of running these tests is left: {0}")]
    Reach(String),
    /// A run that a baseline needs did not come to its end.
    #[error("the baseline's run {run} did not complete: {ending}{hint}")]
    BaselineRun {
        /// Which of the runs, from 1.
        run: usize,
        /// How it ended.
        ending: Box<Ending>,
        /// What was said last, or what to do.
        hint: String,
    },
    /// Too little passes for a change to be judged by.
    #[error(
        "the baseline is too weak: {passing} of {counted} tests pass in every run ({flaky} flaky, {failing} failing, \
         {collection_errors} files that cannot be collected); at least {least_passing} tests and {least_share:.0}% are needed"
    )]
    WeakBaseline {
        /// Tests that passed in every run.
        passing: usize,
        /// Tests that were not skipped in every run.
        counted: usize,
        /// Tests whose status differs between runs or whose id is not theirs alone.
        flaky: usize,
        /// Tests that failed or could not be set up in every run.
        failing: usize,
        /// Files or folders that pytest could not collect.
        collection_errors: usize,
        /// The threshold on `passing`.
        least_passing: usize,
        /// The threshold on the share of `passing` in `counted`, in percent.
        least_share: f64,
    },
}
