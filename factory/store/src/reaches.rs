//! Reaches: which lines each test of an environment executes, as bytes that only their reader understands.

use sqlx::{PgConnection, PgExecutor};

use crate::error::Result;
use crate::text::storable;

/// What is known of an environment's tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    /// The packed reach.
    Known(Vec<u8>),
    /// Why there is none.
    Unknown(String),
}

/// Stores what was found; what is stored already stays.
pub async fn save(
    connection: &mut PgConnection,
    environment_id: i64,
    format: i32,
    found: &Stored,
) -> Result<()> {
    let (content, reason) = match found {
        Stored::Known(bytes) => (Some(bytes), None),
        Stored::Unknown(reason) => (None, Some(storable(reason).into_owned())),
    };
    sqlx::query!(
        r#"INSERT INTO reaches (environment_id, format, content, reason) VALUES ($1, $2, $3, $4)
           ON CONFLICT (environment_id) DO NOTHING"#,
        environment_id,
        format,
        content,
        reason,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What is known of an environment, if it is in this format.
pub async fn get(
    executor: impl PgExecutor<'_>,
    environment_id: i64,
    format: i32,
) -> Result<Option<Stored>> {
    let row = sqlx::query!(
        r#"SELECT content, reason FROM reaches WHERE environment_id = $1 AND format = $2"#,
        environment_id,
        format,
    )
    .fetch_optional(executor)
    .await?;
    Ok(row.map(|row| match row.content {
        Some(content) => Stored::Known(content),
        None => Stored::Unknown(row.reason.unwrap_or_default()),
    }))
}
