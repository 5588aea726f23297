//! Adding jobs, in the transaction of whatever makes them necessary.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::PgConnection;

use crate::error::Result;
use crate::text::storable_json;

/// A job to be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewJob {
    /// Which stage does it.
    pub kind: String,
    /// What it is about: a kind has no two unfinished jobs of one key.
    pub key: String,
    /// What the stage needs to know.
    pub payload: Value,
    /// Higher is sooner; 0 unless said otherwise.
    pub priority: i32,
    /// How often it is tried before it is dead; 5 unless said otherwise.
    pub max_attempts: u16,
}

impl NewJob {
    /// A job with the usual priority and number of attempts.
    pub fn new(kind: impl Into<String>, key: impl Into<String>, payload: Value) -> Self {
        Self {
            kind: kind.into(),
            key: key.into(),
            payload,
            priority: 0,
            max_attempts: 5,
        }
    }

    /// With this priority; higher is sooner.
    pub fn priority(mut self, priority: i32) -> Self {
        self.priority = priority;
        self
    }

    /// Tried at most so often (at least once).
    pub fn max_attempts(mut self, max_attempts: u16) -> Self {
        self.max_attempts = max_attempts;
        self
    }
}

/// Adds a job; returns its id, or none if an unfinished job of its kind and key exists.
pub async fn enqueue(connection: &mut PgConnection, job: &NewJob) -> Result<Option<i64>> {
    Ok(enqueue_many(connection, std::slice::from_ref(job))
        .await?
        .pop())
}

/// Adds jobs in their order; returns the ids of those that are new. One whose kind and key an unfinished job
/// has already is left out.
pub async fn enqueue_many(connection: &mut PgConnection, jobs: &[NewJob]) -> Result<Vec<i64>> {
    let mut added = Vec::new();
    for chunk in jobs.chunks(1000) {
        let kinds: Vec<String> = chunk.iter().map(|job| job.kind.clone()).collect();
        let keys: Vec<String> = chunk.iter().map(|job| job.key.clone()).collect();
        let payloads: Vec<Value> = chunk
            .iter()
            .map(|job| storable_json(&job.payload))
            .collect();
        let priorities: Vec<i32> = chunk.iter().map(|job| job.priority).collect();
        let max_attempts: Vec<i32> = chunk
            .iter()
            .map(|job| i32::from(job.max_attempts.max(1)))
            .collect();
        let ids = sqlx::query_scalar!(
            r#"INSERT INTO jobs (kind, key, payload, priority, max_attempts)
               SELECT kind, key, payload, priority, max_attempts
               FROM unnest($1::text[], $2::text[], $3::jsonb[], $4::integer[], $5::integer[])
                    WITH ORDINALITY AS given (kind, key, payload, priority, max_attempts, place)
               ORDER BY place
               ON CONFLICT (kind, key) WHERE state IN ('queued', 'running') DO NOTHING
               RETURNING id"#,
            &kinds,
            &keys,
            &payloads,
            &priorities,
            &max_attempts,
        )
        .fetch_all(&mut *connection)
        .await?;
        added.extend(ids);
    }
    Ok(added)
}
