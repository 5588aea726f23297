//! Problem statements: what a user of the broken code would report, never what was edited.
//!
//! A [`Writer`] turns the [`Evidence`] of an instance (which tests fail, and how) into text. The one here is
//! deterministic: [`Styles`] draws one of several ways to report by seed, shows a reproduction cut from a
//! failing test ([`snippet`]), and refuses to let a changed line through ([`leak`]).

pub mod leak;
pub mod snippet;
mod styles;

pub use styles::Styles;

/// What is known about the failing behaviour.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The project's name, as its users know it.
    pub project: String,
    /// Tests that fail, in the order of their ids.
    pub failures: Vec<Failure>,
    /// How many tests fail in all.
    pub failing: usize,
    /// The breaking patch: only to keep it out of the text.
    pub patch: String,
    /// Decides between styles.
    pub seed: u64,
}

/// One failing test.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The test's id.
    pub node_id: String,
    /// The exception and its message, as the user sees it.
    pub message: String,
    /// The test function's source, where it could be found.
    pub source: Option<String>,
}

/// A written problem statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Which style wrote it.
    pub style: &'static str,
    /// Markdown.
    pub text: String,
}

/// Writes problem statements.
pub trait Writer: Send + Sync {
    /// Writes the statement of one instance.
    fn write(&self, evidence: &Evidence) -> Statement;
}
