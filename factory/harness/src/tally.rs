//! Folds the records of one run into one entry a test.

use std::collections::{BTreeMap, BTreeSet};

use crate::CollectionError;
use crate::outcome::Repeated;
use crate::record::{Phase, Record, Touched};
use crate::status::{Crash, Status, TestRecord};

/// What the records of one run add up to.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) python: Option<String>,
    pub(crate) pytest: Option<String>,
    pub(crate) no_pytest: Option<String>,
    pub(crate) tests: BTreeMap<String, TestRecord>,
    /// Id to file and line of all tests that were about to run.
    pub(crate) items: BTreeMap<String, (String, Option<u64>)>,
    /// Ids that more than one test bears.
    pub(crate) duplicates: BTreeSet<String>,
    pub(crate) collection_errors: Vec<CollectionError>,
    pub(crate) not_found: Vec<String>,
    pub(crate) interrupted: Option<String>,
    pub(crate) internal_error: Option<String>,
    pub(crate) exit: Option<i32>,
    /// Exceptions that came up while garbage was collected.
    pub(crate) late_garbage: usize,
    /// Processor seconds of the tests, from their set-up to their tear-down.
    pub(crate) testing: f64,
    /// Of a copy: why the change cannot be put in place exactly.
    pub(crate) unfit: Option<String>,
    /// Of a copy: how many tests had failed when it ended, since no more were asked for.
    pub(crate) enough: Option<usize>,
    /// Of a copy: what it left behind.
    pub(crate) left: Option<Vec<String>>,
    /// Of a copy: what came of repeats.
    pub(crate) repeated: Option<Repeated>,
    /// Of a trace: what happened before the first test.
    pub(crate) imported: Option<Touched>,
    /// Of a trace: what each test did.
    pub(crate) covered: BTreeMap<String, Touched>,
    running: Option<Running>,
    collecting: Option<String>,
    collected: bool,
}

/// A test that started and has not been torn down.
#[derive(Debug)]
struct Running {
    id: String,
    record: TestRecord,
    rank: u8,
    /// A plugin gave this attempt up and will start the test again after its tear-down.
    given_up: bool,
}

impl Tally {
    pub(crate) fn add(&mut self, record: Record) {
        match record {
            Record::Begin { python } => self.python = Some(python),
            Record::Pytest { version } => self.pytest = Some(version),
            Record::NoPytest { text } => self.no_pytest = Some(text),
            Record::Collecting { id } => self.collecting = Some(id),
            Record::CollectionError { id, text } => {
                self.collection_errors.push(CollectionError { id, text });
            }
            Record::Items { items } => {
                for (id, file, line) in items {
                    if self.items.insert(id.clone(), (file, line)).is_some() {
                        self.duplicates.insert(id);
                    }
                }
            }
            Record::Collected { not_found } => {
                self.not_found = not_found;
                self.collected = true;
            }
            Record::Start { id } => self.start(id),
            Record::Phase(phase) => self.phase(phase),
            Record::Passed { id, seconds } => self.passed(&id, seconds),
            Record::Subtest(phase) => self.subtest(phase),
            Record::Interrupted { text } => self.interrupted = Some(text),
            Record::InternalError { text } => self.internal_error = Some(text),
            Record::Finish { exit } => self.exit = Some(exit),
            Record::Garbage { late } => self.late_garbage = late,
            Record::Spent { seconds } => self.testing = seconds,
            Record::Unfit { text } => self.unfit = Some(text),
            Record::Enough { failed } => self.enough = Some(failed),
            Record::Left { names } => self.left = Some(names),
            Record::Repeated(repeated) => self.repeated = Some(repeated),
            Record::Imported(touched) => self.imported = Some(touched),
            Record::Covered { id, touched } => {
                // A test that was not told of to its end did not come to it.
                self.running = None;
                self.covered.insert(id, touched);
            }
            Record::BrokeOff => self.running = None,
        }
    }

    /// The test, or else the file, that was at work when the records ended.
    pub(crate) fn at_work(&self) -> Option<String> {
        if let Some(running) = &self.running {
            return Some(running.id.clone());
        }
        if self.collected {
            None
        } else {
            self.collecting.clone()
        }
    }

    /// Whether collection was over and every test that was to run came to its end.
    pub(crate) fn all_ended(&self) -> bool {
        self.collected && self.items.keys().all(|id| self.tests.contains_key(id))
    }

    /// A test that is started again after a `rerun` goes on; any other start is a test of its own.
    fn start(&mut self, id: String) {
        let goes_on = |running: &Running| running.id == id && running.record.rerun;
        if !self.running.as_ref().is_some_and(goes_on) {
            self.running = Some(Running::new(id));
        }
    }

    fn phase(&mut self, phase: Phase) {
        let running = self.running_as(&phase.id);
        running.record.seconds += phase.seconds;
        if phase.outcome == "rerun" {
            running.record = TestRecord {
                rerun: true,
                ..empty_record(running.record.seconds)
            };
            running.rank = 0;
            running.given_up = true;
            return;
        }
        let last = phase.when == "teardown";
        if running.given_up {
            running.given_up = !last;
            return;
        }
        running.judge(phase);
        if last {
            self.settle();
        }
    }

    fn passed(&mut self, id: &str, seconds: f64) {
        let running = self.running_as(id);
        running.record.seconds += seconds;
        running.given_up = false;
        self.settle();
    }

    /// A failed subtest fails its test; what else subtests do changes nothing.
    fn subtest(&mut self, mut phase: Phase) {
        let running = self.running_as(&phase.id);
        running.record.seconds += phase.seconds;
        if phase.outcome == "failed" {
            phase.when = "call".into();
            running.judge(phase);
        }
    }

    fn running_as(&mut self, id: &str) -> &mut Running {
        let running = self
            .running
            .get_or_insert_with(|| Running::new(id.to_owned()));
        // Plugins that report by themselves may leave out the start.
        if running.id != id {
            *running = Running::new(id.to_owned());
        }
        running
    }

    fn settle(&mut self) {
        let Some(Running { id, record, .. }) = self.running.take() else {
            return;
        };
        let Some(earlier) = self.tests.get_mut(&id) else {
            let ambiguous = self.duplicates.contains(&id);
            self.tests.insert(
                id,
                TestRecord {
                    ambiguous,
                    ..record
                },
            );
            return;
        };
        let seconds = earlier.seconds + record.seconds;
        if record.status > earlier.status {
            *earlier = record;
        }
        earlier.seconds = seconds;
        earlier.ambiguous = true;
    }
}

impl Running {
    fn new(id: String) -> Self {
        Self {
            id,
            record: empty_record(0.0),
            rank: 0,
            given_up: false,
        }
    }

    /// A later phase speaks over an earlier one only where it is worse: a test that failed and could not be
    /// torn down either has failed, one that passed and could not be torn down is an error.
    fn judge(&mut self, phase: Phase) {
        let (rank, status) = match (phase.outcome.as_str(), phase.when.as_str(), phase.expected) {
            ("passed", "call", true) => (1, Status::Xpassed),
            ("passed", ..) => (0, Status::Passed),
            ("skipped", _, true) => (1, Status::Xfailed),
            ("skipped", ..) => (1, Status::Skipped),
            ("failed", "call", _) => (3, Status::Failed),
            // `failed` around the test, and words that no pytest we know uses.
            _ => (2, Status::Error),
        };
        if rank > self.rank {
            self.rank = rank;
            self.record.status = status;
            self.record.text = phase.text.filter(|text| !text.is_empty());
            self.record.crash = phase.crash.map(|(path, line, message)| Crash {
                path,
                line,
                message,
            });
        }
    }
}

fn empty_record(seconds: f64) -> TestRecord {
    TestRecord {
        status: Status::Passed,
        seconds,
        text: None,
        crash: None,
        ambiguous: false,
        rerun: false,
    }
}
