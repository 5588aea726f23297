//! The records that the plugin sends, in the order in which they can come.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::outcome::Repeated;

/// What the plugin is asked, as JSON in the greeting.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct PluginRequest<'a> {
    /// `run`, `collect` or `trace`.
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
    /// What is asked of a trace, and of templates and their copies.
    #[serde(flatten)]
    pub(crate) beyond: Option<Beyond<'a>>,
}

/// What is asked beyond an ordinary run.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Beyond<'a> {
    /// Of a template: at which stage it waits, `configured` or `collected`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) wait: Option<&'static str>,
    /// Files of the repository that can be changed, relative to it.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub(crate) files: &'a [String],
    /// Of a template that has not collected: files that hold tests, relative to the repository.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) test_files: BTreeSet<&'a str>,
    /// Folders whose modules are the repository's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) roots: Vec<&'a str>,
    /// Of a trace: the wall time of one test.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) seconds_a_test: Option<f64>,
    /// Of a copy: the files that were changed since its template was made.
    pub(crate) changes: Vec<Change<'a>>,
    /// Of a copy: processor seconds that each test may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) seconds: Option<BTreeMap<&'a str, f64>>,
    /// Of a copy: processor seconds of a test that is not in `seconds`.
    pub(crate) seconds_otherwise: f64,
    /// Of a copy: it ends when more tests have failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) most_failures: Option<usize>,
    /// Of a copy: tell what it leaves behind even if no test fails.
    pub(crate) compare: bool,
    /// Of a copy: if a test fails, these are repeated, which draw random numbers.
    pub(crate) draws: Vec<&'a str>,
    /// Of a copy: if a test fails, these are repeated, which read the time of day.
    pub(crate) clock: Vec<&'a str>,
}

/// A file that a copy finds changed.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Change<'a> {
    /// Relative to the repository.
    pub(crate) path: &'a str,
    /// What was there, if functions get other defaults.
    pub(crate) original: Option<&'a str>,
    /// What is there now.
    pub(crate) changed: &'a str,
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
    /// All phases of a test went well.
    Passed { id: String, seconds: f64 },
    /// A part of a test is over.
    Subtest(Phase),
    /// The tested code ended the session.
    Interrupted { text: String },
    /// pytest itself, or one of its plugins, failed.
    InternalError { text: String },
    /// How many exceptions came up while garbage was collected, whichever test was at work then.
    Garbage { late: usize },
    /// What all tests together took of the processor.
    Spent { seconds: f64 },
    /// The session is over, with pytest's exit status.
    Finish { exit: i32 },
    /// Of a copy: the change cannot be put in place exactly.
    Unfit { text: String },
    /// Of a copy: more tests failed than were asked for.
    Enough { failed: usize },
    /// Of a copy: what differs from before the first test, by name.
    Left { names: Vec<String> },
    /// Of a copy: what came of the tests that were to be repeated.
    Repeated(Repeated),
    /// Of a trace: what was executed and opened before the first test, and why more may have been.
    Imported(Touched),
    /// Of a trace: the same of one test.
    Covered {
        id: String,
        #[serde(flatten)]
        touched: Touched,
    },
    /// Of a trace: a test ended the session.
    BrokeOff,
}

/// What was executed and opened.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Touched {
    /// By number of the file: lines, as bits in hexadecimal bytes, the lowest first.
    pub(crate) lines: Vec<(usize, String)>,
    /// Numbers of files that were opened.
    pub(crate) reads: Vec<usize>,
    /// Numbers of files with functions whose defaults were looked at.
    pub(crate) looks: Vec<usize>,
    /// Why lines do not tell all.
    pub(crate) opaque: Option<String>,
    /// Whether random numbers were drawn that nobody chose.
    #[serde(default)]
    pub(crate) draws: bool,
    /// Whether the time of day was read.
    #[serde(default)]
    pub(crate) clock: bool,
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
