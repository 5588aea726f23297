//! What grading remembers: grades by the digest of all that decides them, and where tripwires can be put.

use serde_json::Value;
use sqlx::PgExecutor;

use crate::error::Result;
use crate::text::{storable, storable_json};

/// Where tripwires can be put in an environment, or why they cannot.
#[derive(Clone, Debug, PartialEq)]
pub enum TripwireSite {
    /// A document of the grader's.
    Usable(Value),
    /// Why there is none.
    Unusable(String),
}

/// The grade of this key: 64 hexadecimal digits.
pub async fn get(executor: impl PgExecutor<'_>, key: &str) -> Result<Option<Value>> {
    let found = sqlx::query_scalar!("SELECT grade FROM grades WHERE key = $1", key)
        .fetch_optional(executor)
        .await?;
    Ok(found)
}

/// Remembers a grade, a JSON object, of an instance; a newer one of the same key replaces it.
pub async fn put(
    executor: impl PgExecutor<'_>,
    key: &str,
    candidate_id: &str,
    grade: &Value,
) -> Result<()> {
    sqlx::query!(
        r#"INSERT INTO grades (key, candidate_id, grade) VALUES ($1, $2, $3)
           ON CONFLICT (key) DO UPDATE SET grade = excluded.grade, created_at = now()"#,
        key,
        candidate_id,
        storable_json(grade),
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// What is known of tripwires in an environment under this version of the harness.
pub async fn tripwire_site(
    executor: impl PgExecutor<'_>,
    environment_id: i64,
    harness: &str,
) -> Result<Option<TripwireSite>> {
    let row = sqlx::query!(
        "SELECT site, reason FROM tripwire_sites WHERE environment_id = $1 AND harness = $2",
        environment_id,
        harness,
    )
    .fetch_optional(executor)
    .await?;
    Ok(row.map(|row| match row.site {
        Some(site) => TripwireSite::Usable(site),
        None => TripwireSite::Unusable(row.reason.unwrap_or_default()),
    }))
}

/// Remembers it. What another process found meanwhile stays.
pub async fn put_tripwire_site(
    executor: impl PgExecutor<'_>,
    environment_id: i64,
    harness: &str,
    site: &TripwireSite,
) -> Result<()> {
    let (site, reason) = match site {
        TripwireSite::Usable(site) => (Some(storable_json(site)), None),
        TripwireSite::Unusable(reason) => (None, Some(storable(reason).into_owned())),
    };
    sqlx::query!(
        r#"INSERT INTO tripwire_sites (environment_id, harness, site, reason) VALUES ($1, $2, $3, $4)
           ON CONFLICT DO NOTHING"#,
        environment_id,
        harness,
        site,
        reason,
    )
    .execute(executor)
    .await?;
    Ok(())
}
