//! Tests: what the untouched repository's tests do in an environment.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{PgConnection, PgExecutor};

use crate::error::Result;
use crate::text::{storable, storable_json};

/// What a test did.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "test_status", rename_all = "snake_case")]
pub enum TestStatus {
    /// It ran and found nothing wrong.
    Passed,
    /// It ran and found something wrong.
    Failed,
    /// It could not be set up, collected or torn down.
    Error,
    /// It chose not to run.
    Skipped,
    /// It failed as it was marked to.
    Xfailed,
    /// It passed although it was marked to fail.
    Xpassed,
    /// It was expected and has left no record.
    Missing,
}

/// A test as the baseline measured it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewTest {
    /// Its full id, as pytest writes it.
    pub node_id: String,
    /// What it did; never [`TestStatus::Missing`].
    pub status: TestStatus,
    /// How long it took.
    pub duration_ms: f64,
    /// Whether it did different things in equal runs.
    pub flaky: bool,
    /// Whatever supports the above.
    pub evidence: Option<Value>,
}

/// A stored test. Lists of tests are lists of ordinals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Test {
    /// Its place among the tests of its environment, from 0.
    pub ordinal: i32,
    /// Its full id, as pytest writes it.
    pub node_id: String,
    /// What it did.
    pub status: TestStatus,
    /// How long it took.
    pub duration_ms: f64,
    /// Whether it did different things in equal runs.
    pub flaky: bool,
    /// Whatever supports the above.
    pub evidence: Option<Value>,
}

/// Stores the tests of an environment in the order given, in place of those that it has. Only an environment
/// that is not built yet takes them: see [`crate::environments::save_built`].
pub(crate) async fn replace(
    connection: &mut PgConnection,
    environment_id: i64,
    tests: &[NewTest],
) -> Result<()> {
    sqlx::query!(
        "DELETE FROM tests WHERE environment_id = $1",
        environment_id
    )
    .execute(&mut *connection)
    .await?;
    let mut first = 0_i32;
    for chunk in tests.chunks(1000) {
        let node_ids: Vec<String> = chunk
            .iter()
            .map(|test| storable(&test.node_id).into_owned())
            .collect();
        let statuses: Vec<TestStatus> = chunk.iter().map(|test| test.status).collect();
        let durations: Vec<f64> = chunk.iter().map(|test| test.duration_ms).collect();
        let flaky: Vec<bool> = chunk.iter().map(|test| test.flaky).collect();
        let evidence: Vec<Option<Value>> = chunk
            .iter()
            .map(|test| test.evidence.as_ref().map(storable_json))
            .collect();
        sqlx::query!(
            r#"INSERT INTO tests (environment_id, ordinal, node_id, status, duration_ms, flaky, evidence)
               SELECT $1, $2 + place::integer - 1, node_id, status, duration_ms, flaky, evidence
               FROM unnest($3::text[], $4::test_status[], $5::float8[], $6::boolean[], $7::jsonb[])
                    WITH ORDINALITY AS given (node_id, status, duration_ms, flaky, evidence, place)"#,
            environment_id,
            first,
            &node_ids,
            &statuses as &[TestStatus],
            &durations,
            &flaky,
            &evidence as &[Option<Value>],
        )
        .execute(&mut *connection)
        .await?;
        first += i32::try_from(chunk.len()).expect("a chunk has at most 1000 tests");
    }
    Ok(())
}

/// The tests of an environment by ordinal: the test at index `n` has the ordinal `n`.
pub async fn list(executor: impl PgExecutor<'_>, environment_id: i64) -> Result<Vec<Test>> {
    let found = sqlx::query_as!(
        Test,
        r#"SELECT ordinal, node_id, status AS "status: TestStatus", duration_ms, flaky, evidence
           FROM tests WHERE environment_id = $1 ORDER BY ordinal"#,
        environment_id
    )
    .fetch_all(executor)
    .await?;
    Ok(found)
}

/// The ids of the tests of an environment by ordinal: the id at index `n` is that of the ordinal `n`.
pub async fn node_ids(executor: impl PgExecutor<'_>, environment_id: i64) -> Result<Vec<String>> {
    let found = sqlx::query_scalar!(
        "SELECT node_id FROM tests WHERE environment_id = $1 ORDER BY ordinal",
        environment_id
    )
    .fetch_all(executor)
    .await?;
    Ok(found)
}
