//! Sources: what users queued, and how far it has come.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::{PgConnection, PgExecutor};

use crate::error::Result;
use crate::failure::{Failure, FailureClass};
use crate::text::{sorted_json, storable};

/// How far a source has come.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "source_state", rename_all = "snake_case")]
pub enum SourceState {
    /// Nothing has begun.
    Queued,
    /// A stage has begun.
    Running,
    /// Every candidate is decided.
    Done,
    /// It yields nothing; the failure says why.
    Failed,
}

/// What a user asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewSource {
    /// A git URL or path, `pypi:NAME==VERSION`, or a folder.
    pub spec: String,
    /// A branch, tag or commit of it.
    pub rev: Option<String>,
    /// Everything that changes what comes out: strategies, limits, seed, licences. A JSON object.
    pub options: Value,
}

impl NewSource {
    /// The digest that makes equal requests one: over the spec, the revision and the options. The order of the
    /// options' keys does not matter.
    pub fn digest(&self) -> String {
        let request =
            serde_json::json!([self.spec, self.rev, sorted_json(&self.options)]).to_string();
        hex::encode(Sha256::digest(request.as_bytes()))
    }
}

/// A stored source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// Its number in the store.
    pub id: i64,
    /// A git URL or path, `pypi:NAME==VERSION`, or a folder.
    pub spec: String,
    /// A branch, tag or commit of it.
    pub rev: Option<String>,
    /// Everything that changes what comes out.
    pub options: Value,
    /// How far it has come.
    pub state: SourceState,
    /// Why it failed, if it did.
    pub failure: Option<Failure>,
    /// What it was pinned to.
    pub repository_id: Option<i64>,
    /// Where its candidates run.
    pub environment_id: Option<i64>,
    /// When it was queued first.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// A source that was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Added {
    /// Its id.
    pub id: i64,
    /// Whether it is new, or failed before and is queued again; false when the same request is already known.
    pub queued: bool,
}

/// Queues a source. The same request again is the same source: nothing happens unless it had failed, in which
/// case it is queued again.
pub async fn add(connection: &mut PgConnection, new: &NewSource) -> Result<Added> {
    let digest = new.digest();
    let queued = sqlx::query_scalar!(
        r#"INSERT INTO sources (spec, rev, options, digest) VALUES ($1, $2, $3, $4)
           ON CONFLICT (digest) DO UPDATE
               SET state = 'queued', failure_class = NULL, failure_reason = NULL, updated_at = now()
               WHERE sources.state = 'failed'
           RETURNING id"#,
        new.spec,
        new.rev,
        new.options,
        digest,
    )
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(id) = queued {
        return Ok(Added { id, queued: true });
    }
    let id = sqlx::query_scalar!("SELECT id FROM sources WHERE digest = $1", digest)
        .fetch_one(connection)
        .await?;
    Ok(Added { id, queued: false })
}

/// Says that work on a source has begun.
pub async fn begin(connection: &mut PgConnection, id: i64) -> Result<()> {
    sqlx::query!(
        r#"UPDATE sources SET state = 'running', failure_class = NULL, failure_reason = NULL, updated_at = now()
           WHERE id = $1 AND state <> 'running'"#,
        id
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Records what a source was pinned to.
pub async fn set_repository(
    connection: &mut PgConnection,
    id: i64,
    repository_id: i64,
) -> Result<()> {
    sqlx::query!(
        r#"UPDATE sources
           SET repository_id = $2, updated_at = now(),
               environment_id = CASE WHEN repository_id = $2 THEN environment_id END
           WHERE id = $1"#,
        id,
        repository_id
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Records where a source's candidates run. The environment must be one of the source's repository.
pub async fn set_environment(
    connection: &mut PgConnection,
    id: i64,
    environment_id: i64,
) -> Result<()> {
    sqlx::query!(
        "UPDATE sources SET environment_id = $2, updated_at = now() WHERE id = $1",
        id,
        environment_id
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Says that everything asked for is there.
pub async fn finish(connection: &mut PgConnection, id: i64) -> Result<()> {
    sqlx::query!(
        r#"UPDATE sources SET state = 'done', failure_class = NULL, failure_reason = NULL, updated_at = now()
           WHERE id = $1"#,
        id
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Says that a source yields nothing, and why.
pub async fn fail(connection: &mut PgConnection, id: i64, failure: &Failure) -> Result<()> {
    sqlx::query!(
        r#"UPDATE sources SET state = 'failed', failure_class = $2, failure_reason = $3, updated_at = now()
           WHERE id = $1"#,
        id,
        failure.class as FailureClass,
        &storable(&failure.reason),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// If every candidate that these sources asked for is decided, they are done. Returns those that became so.
/// Call it in the transaction that decides a candidate, with that candidate's sources.
pub async fn finish_decided(connection: &mut PgConnection, ids: &[i64]) -> Result<Vec<i64>> {
    // Two workers that decide the last two candidates at once must not each see the other's undecided: the
    // sources' rows are locked first, so the second looks after the first has committed.
    sqlx::query!(
        "SELECT id FROM sources WHERE id = ANY ($1) ORDER BY id FOR UPDATE",
        ids
    )
    .fetch_all(&mut *connection)
    .await?;
    let done = sqlx::query_scalar!(
        r#"UPDATE sources SET state = 'done', updated_at = now()
           WHERE id = ANY ($1) AND state = 'running'
             AND NOT EXISTS (
                 SELECT FROM source_candidates JOIN candidates ON candidates.id = candidate_id
                 WHERE source_id = sources.id AND outcome IS NULL)
           RETURNING id"#,
        ids
    )
    .fetch_all(connection)
    .await?;
    Ok(done)
}

struct Row {
    id: i64,
    spec: String,
    rev: Option<String>,
    options: Value,
    state: SourceState,
    failure_class: Option<FailureClass>,
    failure_reason: Option<String>,
    repository_id: Option<i64>,
    environment_id: Option<i64>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Row> for Source {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            spec: row.spec,
            rev: row.rev,
            options: row.options,
            state: row.state,
            failure: row
                .failure_class
                .zip(row.failure_reason)
                .map(|(class, reason)| Failure { class, reason }),
            repository_id: row.repository_id,
            environment_id: row.environment_id,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// The source of this id.
pub async fn get(executor: impl PgExecutor<'_>, id: i64) -> Result<Option<Source>> {
    Ok(select(executor, Some(&[id])).await?.pop())
}

/// All sources, in the order in which they were queued.
pub async fn list(executor: impl PgExecutor<'_>) -> Result<Vec<Source>> {
    select(executor, None).await
}

async fn select(executor: impl PgExecutor<'_>, ids: Option<&[i64]>) -> Result<Vec<Source>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, spec, rev, options, state AS "state: SourceState",
                  failure_class AS "failure_class: FailureClass", failure_reason,
                  repository_id, environment_id, created_at, updated_at
           FROM sources WHERE $1::bigint[] IS NULL OR id = ANY ($1) ORDER BY id"#,
        ids
    )
    .fetch_all(executor)
    .await?;
    Ok(rows.into_iter().map(Source::from).collect())
}
