//! Environments: repositories with their dependencies installed, and the verdict on their baseline.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{PgConnection, PgExecutor};

use crate::error::Result;
use crate::failure::{Failure, FailureClass};
use crate::tests::{self, NewTest};
use crate::text::{storable, storable_json};

/// Whether an environment can be used.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "environment_state", rename_all = "snake_case")]
pub enum EnvironmentState {
    /// It stands and its baseline is sound.
    Built,
    /// It cannot be used; the failure says why.
    Rejected,
}

/// An environment as a build left it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewEnvironment {
    /// The repository that is installed in it.
    pub repository_id: i64,
    /// The digest of everything that it is made from.
    pub digest: String,
    /// Everything needed to build it again: interpreter, lock, test command. A JSON object.
    pub recipe: Value,
}

/// A stored environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// Its number in the store.
    pub id: i64,
    /// The repository that is installed in it.
    pub repository_id: i64,
    /// The digest of everything that it is made from.
    pub digest: String,
    /// Everything needed to build it again.
    pub recipe: Value,
    /// Whether it can be used.
    pub state: EnvironmentState,
    /// Why not, if it cannot.
    pub failure: Option<Failure>,
    /// The baseline's numbers: runs, passed, failed, flaky, seconds.
    pub baseline: Option<Value>,
}

/// Stores a built environment with its baseline and its tests, and returns its id.
///
/// If the environment is built already, the stored baseline stays and is the one to use: a second worker that
/// measured the same environment changes nothing. If it was rejected before, it is built from now on.
pub async fn save_built(
    connection: &mut PgConnection,
    new: &NewEnvironment,
    baseline: &Value,
    baseline_tests: &[NewTest],
) -> Result<i64> {
    // Rejected first, built at the end: the tests of a built environment cannot be replaced.
    let placeholder = Failure::new(FailureClass::Environment, "its baseline is being stored");
    let (id, state) = upsert_rejected(connection, new, None, &placeholder).await?;
    if state == EnvironmentState::Built {
        return Ok(id);
    }
    tests::replace(connection, id, baseline_tests).await?;
    sqlx::query!(
        r#"UPDATE environments
           SET state = 'built', failure_class = NULL, failure_reason = NULL, baseline = $2 WHERE id = $1"#,
        id,
        storable_json(baseline),
    )
    .execute(connection)
    .await?;
    Ok(id)
}

/// Stores an environment that cannot be used, with what its baseline measured as far as it came, and returns
/// its id. An environment that is built already stays so.
pub async fn save_rejected(
    connection: &mut PgConnection,
    new: &NewEnvironment,
    failure: &Failure,
    baseline: Option<&Value>,
    baseline_tests: &[NewTest],
) -> Result<i64> {
    let (id, state) = upsert_rejected(connection, new, baseline, failure).await?;
    if state == EnvironmentState::Rejected {
        tests::replace(connection, id, baseline_tests).await?;
    }
    Ok(id)
}

async fn upsert_rejected(
    connection: &mut PgConnection,
    new: &NewEnvironment,
    baseline: Option<&Value>,
    failure: &Failure,
) -> Result<(i64, EnvironmentState)> {
    // The update without effect on a built row is what locks and returns it.
    let row = sqlx::query!(
        r#"INSERT INTO environments
               (repository_id, digest, recipe, state, failure_class, failure_reason, baseline)
           VALUES ($1, $2, $3, 'rejected', $4, $5, $6)
           ON CONFLICT (digest) DO UPDATE SET
               recipe = CASE environments.state WHEN 'built' THEN environments.recipe ELSE excluded.recipe END,
               failure_class = CASE environments.state WHEN 'rejected' THEN excluded.failure_class END,
               failure_reason = CASE environments.state WHEN 'rejected' THEN excluded.failure_reason END,
               baseline = CASE environments.state WHEN 'built' THEN environments.baseline ELSE excluded.baseline END
           RETURNING id, state AS "state: EnvironmentState""#,
        new.repository_id,
        new.digest,
        storable_json(&new.recipe),
        failure.class as FailureClass,
        &storable(&failure.reason),
        baseline.map(storable_json),
    )
    .fetch_one(connection)
    .await?;
    Ok((row.id, row.state))
}

struct Row {
    id: i64,
    repository_id: i64,
    digest: String,
    recipe: Value,
    state: EnvironmentState,
    failure_class: Option<FailureClass>,
    failure_reason: Option<String>,
    baseline: Option<Value>,
}

impl From<Row> for Environment {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            repository_id: row.repository_id,
            digest: row.digest,
            recipe: row.recipe,
            state: row.state,
            failure: row
                .failure_class
                .zip(row.failure_reason)
                .map(|(class, reason)| Failure { class, reason }),
            baseline: row.baseline,
        }
    }
}

/// The environment of this id.
pub async fn get(executor: impl PgExecutor<'_>, id: i64) -> Result<Option<Environment>> {
    Ok(select(executor, Some(id), None, None).await?.pop())
}

/// The environment of this digest.
pub async fn find(executor: impl PgExecutor<'_>, digest: &str) -> Result<Option<Environment>> {
    Ok(select(executor, None, Some(digest), None).await?.pop())
}

/// The environments of a repository, the oldest first.
pub async fn of_repository(
    executor: impl PgExecutor<'_>,
    repository_id: i64,
) -> Result<Vec<Environment>> {
    select(executor, None, None, Some(repository_id)).await
}

/// All environments, the oldest first.
pub async fn list(executor: impl PgExecutor<'_>) -> Result<Vec<Environment>> {
    select(executor, None, None, None).await
}

async fn select(
    executor: impl PgExecutor<'_>,
    id: Option<i64>,
    digest: Option<&str>,
    repository_id: Option<i64>,
) -> Result<Vec<Environment>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, repository_id, digest, recipe, state AS "state: EnvironmentState",
                  failure_class AS "failure_class: FailureClass", failure_reason, baseline
           FROM environments
           WHERE ($1::bigint IS NULL OR id = $1)
             AND ($2::text IS NULL OR digest = $2)
             AND ($3::bigint IS NULL OR repository_id = $3)
           ORDER BY id"#,
        id,
        digest,
        repository_id,
    )
    .fetch_all(executor)
    .await?;
    Ok(rows.into_iter().map(Environment::from).collect())
}
