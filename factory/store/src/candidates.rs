//! Candidates: proposed breaks, and what became of them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{PgConnection, PgExecutor};

use crate::error::Result;
use crate::failure::{Failure, FailureClass};
use crate::text::{storable, storable_json};

/// What became of a candidate.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "candidate_outcome", rename_all = "snake_case")]
pub enum CandidateOutcome {
    /// It became an instance.
    Accepted,
    /// No test sees it.
    Survived,
    /// It breaks too much, or cannot be applied or run.
    Unviable,
    /// It makes the tests run out of time.
    Timeout,
    /// Its tests do not do the same thing twice.
    Flaky,
    /// It could not be judged, for reasons that are not its own.
    Infra,
}

impl CandidateOutcome {
    /// The word used in the tables, in output and in the docs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Survived => "survived",
            Self::Unviable => "unviable",
            Self::Timeout => "timeout",
            Self::Flaky => "flaky",
            Self::Infra => "infra",
        }
    }
}

/// A candidate as a strategy proposed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewCandidate {
    /// Its id, made from its content.
    pub id: String,
    /// The way in which it breaks.
    pub strategy: String,
    /// The file that it changes, from the repository's root.
    pub file: String,
    /// The function, method or class that it changes; empty at module level.
    pub entity: String,
    /// The first line that it changes, from 1.
    pub line: u32,
    /// The break as a unified diff.
    pub patch: String,
    /// The seed under which it was drawn.
    pub seed: u64,
}

/// A stored candidate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Its id, made from its content.
    pub id: String,
    /// Where it runs.
    pub environment_id: i64,
    /// The way in which it breaks.
    pub strategy: String,
    /// The file that it changes, from the repository's root.
    pub file: String,
    /// The function, method or class that it changes; empty at module level.
    pub entity: String,
    /// The first line that it changes, from 1.
    pub line: u32,
    /// The break as a unified diff.
    pub patch: String,
    /// The seed under which it was drawn.
    pub seed: u64,
    /// What became of it; none while it is undecided.
    pub outcome: Option<CandidateOutcome>,
    /// Who was at fault, if something failed.
    pub failure_class: Option<FailureClass>,
    /// The reason, in words.
    pub detail: Option<String>,
    /// Timings and counts.
    pub evidence: Option<Value>,
    /// When it was decided.
    pub decided_at: Option<DateTime<Utc>>,
}

/// What [`add`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proposed {
    /// The candidates of this source that are undecided now, by id: what there is to validate.
    pub undecided: Vec<String>,
    /// How many of those given were not known before.
    pub new: u64,
    /// Given ids that already belong to a candidate of another content or environment. They are not stored.
    pub taken: Vec<String>,
}

/// Stores the candidates that a source asks for. One that is known already (by the content of its patch) is not
/// stored again, but is linked to this source too, with the outcome that it has.
pub async fn add(
    connection: &mut PgConnection,
    source_id: i64,
    environment_id: i64,
    candidates: &[NewCandidate],
) -> Result<Proposed> {
    let mut proposed = Proposed::default();
    for chunk in candidates.chunks(500) {
        let (new, mut taken) = add_chunk(connection, source_id, environment_id, chunk).await?;
        proposed.new += new;
        proposed.taken.append(&mut taken);
    }
    proposed.undecided = sqlx::query_scalar!(
        r#"SELECT id FROM candidates JOIN source_candidates ON candidate_id = id
           WHERE source_id = $1 AND outcome IS NULL ORDER BY id"#,
        source_id
    )
    .fetch_all(connection)
    .await?;
    Ok(proposed)
}

async fn add_chunk(
    connection: &mut PgConnection,
    source_id: i64,
    environment_id: i64,
    candidates: &[NewCandidate],
) -> Result<(u64, Vec<String>)> {
    let column = |of: fn(&NewCandidate) -> &str| -> Vec<String> {
        candidates
            .iter()
            .map(|candidate| of(candidate).to_owned())
            .collect()
    };
    let ids = column(|candidate| &candidate.id);
    let patches = column(|candidate| &candidate.patch);
    let lines: Vec<i32> = candidates
        .iter()
        .map(|candidate| i32::try_from(candidate.line).unwrap_or(i32::MAX))
        .collect();
    let seeds: Vec<i64> = candidates
        .iter()
        .map(|candidate| candidate.seed.cast_signed())
        .collect();
    let new = sqlx::query!(
        r#"INSERT INTO candidates (id, environment_id, strategy, file, entity, line, patch, seed)
           SELECT id, $1, strategy, file, entity, line, patch, seed
           FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::integer[], $7::text[], $8::bigint[])
                AS given (id, strategy, file, entity, line, patch, seed)
           ON CONFLICT DO NOTHING"#,
        environment_id,
        &ids,
        &column(|candidate| &candidate.strategy),
        &column(|candidate| &candidate.file),
        &column(|candidate| &candidate.entity),
        &lines,
        &patches,
        &seeds,
    )
    .execute(&mut *connection)
    .await?
    .rows_affected();
    let taken = sqlx::query_scalar!(
        r#"WITH given AS (
               SELECT given.id, known.id AS known
               FROM unnest($3::text[], $4::text[]) AS given (id, patch)
               LEFT JOIN candidates AS known
                   ON known.environment_id = $2
                  AND text_digest(known.patch) = text_digest(given.patch)
           ), linked AS (
               INSERT INTO source_candidates (source_id, candidate_id)
               SELECT $1, known FROM given WHERE known IS NOT NULL
               ON CONFLICT DO NOTHING
           )
           SELECT id AS "id!" FROM given WHERE known IS NULL ORDER BY id"#,
        source_id,
        environment_id,
        &ids,
        &patches,
    )
    .fetch_all(connection)
    .await?;
    Ok((new, taken))
}

/// What validation found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// What becomes of the candidate. An accepted one needs its instance in the same transaction:
    /// see [`crate::instances::accept`].
    pub outcome: CandidateOutcome,
    /// Required of an unviable, timed out, flaky or infra candidate; impossible for an accepted one.
    pub failure: Option<Failure>,
    /// Timings and counts.
    pub evidence: Option<Value>,
}

/// Records a verdict. Returns false, and changes nothing, if the candidate was decided before; an `infra`
/// outcome is no decision and may be replaced.
pub async fn decide(connection: &mut PgConnection, id: &str, verdict: &Verdict) -> Result<bool> {
    let decided = sqlx::query!(
        r#"UPDATE candidates
           SET outcome = $2, failure_class = $3, detail = $4, evidence = $5, decided_at = clock_timestamp()
           WHERE id = $1 AND (outcome IS NULL OR outcome = 'infra')"#,
        id,
        verdict.outcome as CandidateOutcome,
        verdict.failure.as_ref().map(|failure| failure.class) as Option<FailureClass>,
        verdict.failure.as_ref().map(|failure| storable(&failure.reason).into_owned()),
        verdict.evidence.as_ref().map(storable_json),
    )
    .execute(connection)
    .await?;
    Ok(decided.rows_affected() == 1)
}

/// The sources that asked for a candidate.
pub async fn sources(executor: impl PgExecutor<'_>, id: &str) -> Result<Vec<i64>> {
    let found = sqlx::query_scalar!(
        "SELECT source_id FROM source_candidates WHERE candidate_id = $1 ORDER BY source_id",
        id
    )
    .fetch_all(executor)
    .await?;
    Ok(found)
}

struct Row {
    id: String,
    environment_id: i64,
    strategy: String,
    file: String,
    entity: String,
    line: i32,
    patch: String,
    seed: i64,
    outcome: Option<CandidateOutcome>,
    failure_class: Option<FailureClass>,
    detail: Option<String>,
    evidence: Option<Value>,
    decided_at: Option<DateTime<Utc>>,
}

impl From<Row> for Candidate {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            environment_id: row.environment_id,
            strategy: row.strategy,
            file: row.file,
            entity: row.entity,
            line: row.line.unsigned_abs(),
            patch: row.patch,
            seed: row.seed.cast_unsigned(),
            outcome: row.outcome,
            failure_class: row.failure_class,
            detail: row.detail,
            evidence: row.evidence,
            decided_at: row.decided_at,
        }
    }
}

/// The candidate of this id.
pub async fn get(executor: impl PgExecutor<'_>, id: &str) -> Result<Option<Candidate>> {
    Ok(select(executor, Some(id), None).await?.pop())
}

/// The candidates that a source asked for, by id.
pub async fn of_source(executor: impl PgExecutor<'_>, source_id: i64) -> Result<Vec<Candidate>> {
    select(executor, None, Some(source_id)).await
}

async fn select(
    executor: impl PgExecutor<'_>,
    id: Option<&str>,
    source_id: Option<i64>,
) -> Result<Vec<Candidate>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, environment_id, strategy, file, entity, line, patch, seed,
                  outcome AS "outcome: CandidateOutcome", failure_class AS "failure_class: FailureClass",
                  detail, evidence, decided_at
           FROM candidates
           WHERE ($1::text IS NULL OR id = $1)
             AND ($2::bigint IS NULL
                  OR id IN (SELECT candidate_id FROM source_candidates WHERE source_id = $2))
           ORDER BY id"#,
        id,
        source_id,
    )
    .fetch_all(executor)
    .await?;
    Ok(rows.into_iter().map(Candidate::from).collect())
}
