//! What was asked for: a policy with everything that decides what it does.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use sqlx::{PgConnection, PgExecutor};

use super::RolloutPolicy;
use crate::error::Result;
use crate::text::{sorted_json, storable_json};

/// A campaign to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewCampaign {
    /// Where decisions come from.
    pub policy: RolloutPolicy,
    /// The model's name.
    pub model: String,
    /// The notation that it speaks.
    pub interface: String,
    /// Everything else that decides what attempts do: a JSON object.
    pub options: Value,
}

/// A campaign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Campaign {
    /// Its number.
    pub id: i64,
    /// What it asks for.
    #[serde(flatten)]
    pub asked: NewCampaign,
    /// When it was asked for first.
    pub created_at: DateTime<Utc>,
}

impl NewCampaign {
    /// SHA-256 of all of it: equal campaigns are one.
    fn digest(&self) -> String {
        let told = serde_json::json!([
            self.policy,
            self.model,
            self.interface,
            sorted_json(&self.options)
        ]);
        hex::encode(Sha256::digest(told.to_string()))
    }
}

/// Adds a campaign, or finds the equal one; returns its number.
pub async fn add(connection: &mut PgConnection, new: &NewCampaign) -> Result<i64> {
    // Updating nothing makes the row come back, and waits for whoever adds the same.
    let id = sqlx::query_scalar!(
        r#"INSERT INTO campaigns (digest, policy, model, interface, options) VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT (digest) DO UPDATE SET digest = excluded.digest
           RETURNING id"#,
        new.digest(),
        new.policy as RolloutPolicy,
        new.model,
        new.interface,
        storable_json(&new.options),
    )
    .fetch_one(connection)
    .await?;
    Ok(id)
}

/// The campaign of this number.
pub async fn get(executor: impl PgExecutor<'_>, id: i64) -> Result<Option<Campaign>> {
    let row = sqlx::query!(
        r#"SELECT id, policy AS "policy: RolloutPolicy", model, interface, options, created_at
           FROM campaigns WHERE id = $1"#,
        id
    )
    .fetch_optional(executor)
    .await?;
    Ok(row.map(|row| Campaign {
        id: row.id,
        asked: NewCampaign {
            policy: row.policy,
            model: row.model,
            interface: row.interface,
            options: row.options,
        },
        created_at: row.created_at,
    }))
}
