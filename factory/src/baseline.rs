//! Baselines in the store: a row a test, and one document for the rest.

use std::collections::BTreeMap;

use serde_json::Value;
use swemill_harness::{Baseline, BaselineTest, Instability, Status};
use swemill_store::tests::{NewTest, Test, TestStatus};

use crate::failure::StageError;

/// A baseline as the store keeps it: the document, with its numbers for people, and the tests by id.
pub fn to_stored(baseline: &Baseline) -> (Value, Vec<NewTest>) {
    let tests = baseline.tests.iter().map(|(node_id, test)| NewTest {
        node_id: node_id.clone(),
        status: stored_status(test),
        duration_ms: test.seconds * 1000.0,
        flaky: test.instability.is_some(),
        evidence: test.instability.as_ref().map(|why| serde_json::json!(why)),
    });
    let tests = tests.collect();
    let without_tests = Baseline {
        tests: BTreeMap::new(),
        ..baseline.clone()
    };
    let mut document = serde_json::json!(without_tests);
    document["counts"] = serde_json::json!({
        "tests": baseline.tests.len(),
        "passing": baseline.passing().count(),
        "flaky": baseline.flaky().count(),
    });
    (document, tests)
}

/// Reads what [`to_stored`] wrote.
pub fn from_stored(mut document: Value, tests: &[Test]) -> Result<Baseline, StageError> {
    if let Some(fields) = document.as_object_mut() {
        fields.remove("counts");
    }
    let unreadable = |error: serde_json::Error| {
        StageError::infra(format!(
            "the stored baseline cannot be read: {error}; a newer swemill may have written it"
        ))
    };
    let mut baseline: Baseline = serde_json::from_value(document).map_err(unreadable)?;
    for test in tests {
        let why = test.evidence.clone().filter(|_| test.flaky);
        let instability: Option<Instability> = why
            .map(serde_json::from_value)
            .transpose()
            .map_err(unreadable)?;
        let measured = BaselineTest {
            status: status(test.status),
            seconds: test.duration_ms / 1000.0,
            instability,
        };
        baseline.tests.insert(test.node_id.clone(), measured);
    }
    Ok(baseline)
}

/// A test that the first run did not know is unstable by that alone; the store has no word for it.
fn stored_status(test: &BaselineTest) -> TestStatus {
    match test.status {
        Status::Passed => TestStatus::Passed,
        Status::Failed => TestStatus::Failed,
        Status::Error | Status::Missing => TestStatus::Error,
        Status::Skipped => TestStatus::Skipped,
        Status::Xfailed => TestStatus::Xfailed,
        Status::Xpassed => TestStatus::Xpassed,
    }
}

fn status(stored: TestStatus) -> Status {
    match stored {
        TestStatus::Passed => Status::Passed,
        TestStatus::Failed => Status::Failed,
        TestStatus::Error => Status::Error,
        TestStatus::Skipped => Status::Skipped,
        TestStatus::Xfailed => Status::Xfailed,
        TestStatus::Xpassed => Status::Xpassed,
        TestStatus::Missing => Status::Missing,
    }
}
