//! What a run, or a collection, leaves behind.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use swemill_sandbox::Stream;

use crate::{Ending, Status, TestRecord};

/// Bytes kept of the end of each output stream.
const TAIL_BYTES: usize = 8 << 10;

/// What one run did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TestRun {
    /// Every test that came to its end, by its whole id.
    pub tests: BTreeMap<String, TestRecord>,
    /// Files, folders and classes that pytest could not collect.
    pub collection_errors: Vec<CollectionError>,
    /// Ids that were asked for and are not there.
    pub not_found: Vec<String>,
    /// How it ended.
    pub ending: Ending,
    /// Wall time of the whole process.
    pub wall: Duration,
    /// User and system time of all its processes.
    pub cpu: Duration,
    /// What of that the tests took, from their set-up to their tear-down, with the processes that they waited for;
    /// nothing of a run that broke off.
    pub testing: Duration,
    /// Exceptions that came up while garbage was collected: which test they hit is chance.
    pub late_garbage: usize,
    /// What came of the tests that were repeated, if any.
    #[serde(default)]
    pub repeated: Option<Repeated>,
    /// The interpreter's version, where one started.
    pub python: Option<String>,
    /// pytest's version, where it could be imported.
    pub pytest: Option<String>,
    /// The end of standard output, for people. Never a verdict.
    pub stdout_tail: String,
    /// The end of standard error, for people. Never a verdict.
    pub stderr_tail: String,
}

/// What came of tests that were repeated to see whether chance has a part in them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repeated {
    /// Whether all of them were repeated as often as their kind needs, before the time was up.
    pub enough: bool,
    /// Those that did not do the same every time.
    pub wavering: BTreeSet<String>,
}

/// A file, folder or class that pytest could not collect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionError {
    /// Its id: what the ids of its tests would begin with.
    pub id: String,
    /// The failure as pytest shows it.
    pub text: String,
}

/// The tests that a run would run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Collection {
    /// Every test's id with its file and its line, from 1.
    pub tests: BTreeMap<String, (String, Option<u64>)>,
    /// Ids that more than one test bears.
    pub duplicates: Vec<String>,
    /// What could not be collected.
    pub collection_errors: Vec<CollectionError>,
    /// How it ended.
    pub ending: Ending,
    /// The interpreter's version, where one started.
    pub python: Option<String>,
    /// pytest's version, where it could be imported.
    pub pytest: Option<String>,
    /// The end of standard output, for people.
    pub stdout_tail: String,
    /// The end of standard error, for people.
    pub stderr_tail: String,
}

/// What pytest calls an exception that came up where nobody could catch it, in the text of a test that it hit.
const UNRAISABLE: &str = "PytestUnraisableExceptionWarning";

impl TestRun {
    /// A test that failed by an exception in garbage, where it is chance which test that hits.
    pub fn hit_by_chance(&self) -> Option<&str> {
        let hit = |record: &TestRecord| {
            record.status.is_broken()
                && record
                    .text
                    .as_deref()
                    .is_some_and(|text| text.contains(UNRAISABLE))
        };
        let found = self.tests.iter().find(|(_, record)| hit(record));
        found
            .filter(|_| self.late_garbage > 0)
            .map(|(id, _)| id.as_str())
    }

    /// What this run says of a test. A test whose file, folder or class could not be collected is an error;
    /// one that nothing is known of is missing.
    pub fn status(&self, id: &str) -> Status {
        if let Some(record) = self.tests.get(id) {
            return record.status;
        }
        if self.collection_error_of(id).is_some() {
            return Status::Error;
        }
        Status::Missing
    }

    /// The collection error that keeps a test from being there.
    pub fn collection_error_of(&self, id: &str) -> Option<&CollectionError> {
        self.collection_errors.iter().find(|error| error.holds(id))
    }

    /// How many tests have this status.
    pub fn count(&self, status: Status) -> usize {
        self.tests
            .values()
            .filter(|record| record.status == status)
            .count()
    }
}

impl CollectionError {
    /// Whether a test of this id would stand in what could not be collected.
    fn holds(&self, id: &str) -> bool {
        let at = self.id.trim_end_matches('/');
        // The session itself: nothing was collected.
        if at.is_empty() || at == "." {
            return true;
        }
        let package = at.strip_suffix("/__init__.py");
        let under = |prefix: &str, mark: &str| {
            id.strip_prefix(prefix)
                .is_some_and(|rest| rest.starts_with(mark))
        };
        under(at, "::") || under(at, "/") || package.is_some_and(|folder| under(folder, "/"))
    }
}

/// The end of a stream, for people.
pub(crate) fn tail(stream: &Stream) -> String {
    let text = stream.to_text();
    let mut start = text.len().saturating_sub(TAIL_BYTES);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    text[start..].to_owned()
}
