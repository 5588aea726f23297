//! The records that the plugin sends, in the order in which they can come.

use serde::{Deserialize, Serialize};

/// What the plugin is asked, as JSON in the greeting.
#[derive(Debug, Serialize)]
pub(crate) struct PluginRequest<'a> {
    /// `run` or `collect`.
    pub(crate) mode: &'static str,
    /// Exactly these, or all.
    pub(crate) ids: Option<&'a [String]>,
    /// Left out in any case.
    pub(crate) exclude: Vec<&'a str>,
    /// A seed of 64 bits as text: JSON's numbers are smaller in some readers.
    pub(crate) shuffle: Option<String>,
    /// Characters kept of one failure's text.
    pub(crate) text_bytes: usize,
    /// Characters kept of all failures' texts together.
    pub(crate) total_text_bytes: usize,
}

/// One record.
#[derive(Debug, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub(crate) enum Record {
    /// The interpreter started and the channel stands.
    Begin { python: String },
    /// pytest is not installed, or cannot be imported.
    NoPytest { text: String },
    /// pytest was imported.
    Pytest { version: String },
    /// A file is about to be imported.
    Collecting { id: String },
    /// A file, folder or class could not be collected.
    CollectionError { id: String, text: String },
    /// Some of the tests that will run: id, file, line.
    Items {
        items: Vec<(String, String, Option<u64>)>,
    },
    /// Collection is over.
    Collected { not_found: Vec<String> },
    /// A test is about to run.
    Start { id: String },
    /// A phase of a test is over.
    Phase(Phase),
    /// A part of a test is over.
    Subtest(Phase),
    /// The tested code ended the session.
    Interrupted { text: String },
    /// pytest itself, or one of its plugins, failed.
    InternalError { text: String },
    /// The session is over, with pytest's exit status.
    Finish { exit: i32 },
}

/// What a phase (`setup`, `call`, `teardown`) of a test did.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Phase {
    pub(crate) id: String,
    pub(crate) when: String,
    /// `passed`, `failed`, `skipped`, or `rerun` of plugins that try again.
    pub(crate) outcome: String,
    /// Whether the test was marked as expected to fail and this is the outcome.
    pub(crate) expected: bool,
    pub(crate) seconds: f64,
    #[serde(default)]
    pub(crate) text: Option<String>,
    #[serde(default)]
    pub(crate) crash: Option<(String, u64, String)>,
}
