//! Repositories: sources pinned to one commit.

use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, PgExecutor};

use crate::error::Result;

/// What is known of a repository when it has been fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRepository {
    /// The account or group it belongs to; `pypi` for sdists.
    pub owner: String,
    /// Its name.
    pub name: String,
    /// The commit: 40 hexadecimal digits.
    pub commit: String,
    /// The digest of the tree at that commit.
    pub tree: String,
    /// The source it came from, as the user would write it again.
    pub spec: String,
    /// The version of an sdist.
    pub version: Option<String>,
    /// The day it was published or committed, `YYYY-MM-DD`, where that is known.
    pub released: Option<String>,
    /// The licence as an SPDX expression, where one was recognised.
    pub licence: Option<String>,
}

/// A stored repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repository {
    /// Its number in the store.
    pub id: i64,
    /// The account or group it belongs to; `pypi` for sdists.
    pub owner: String,
    /// Its name.
    pub name: String,
    /// The commit: 40 hexadecimal digits.
    pub commit: String,
    /// The digest of the tree at that commit.
    pub tree: String,
    /// The source it came from first.
    pub spec: String,
    /// The version of an sdist.
    pub version: Option<String>,
    /// The day it was published or committed, `YYYY-MM-DD`, where that is known.
    pub released: Option<String>,
    /// The licence as an SPDX expression, where one was recognised.
    pub licence: Option<String>,
}

/// Stores a repository, or finds the one of the same owner, name and commit, and returns its id.
/// What was recorded first stays, except that a missing version or licence is filled in.
pub async fn save(connection: &mut PgConnection, new: &NewRepository) -> Result<i64> {
    let id = sqlx::query_scalar!(
        r#"INSERT INTO repositories (owner, name, commit, tree, spec, version, released, licence)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
           ON CONFLICT (owner, name, commit) DO UPDATE
               SET version = coalesce(repositories.version, excluded.version),
                   released = coalesce(repositories.released, excluded.released),
                   licence = coalesce(repositories.licence, excluded.licence)
           RETURNING id"#,
        new.owner,
        new.name,
        new.commit,
        new.tree,
        new.spec,
        new.version,
        new.released,
        new.licence,
    )
    .fetch_one(connection)
    .await?;
    Ok(id)
}

/// The repository of this id.
pub async fn get(executor: impl PgExecutor<'_>, id: i64) -> Result<Option<Repository>> {
    let found = sqlx::query_as!(
        Repository,
        "SELECT id, owner, name, commit, tree, spec, version, released, licence FROM repositories WHERE id = $1",
        id
    )
    .fetch_optional(executor)
    .await?;
    Ok(found)
}

/// All repositories, in the order in which they were first seen.
pub async fn list(executor: impl PgExecutor<'_>) -> Result<Vec<Repository>> {
    let found = sqlx::query_as!(
        Repository,
        "SELECT id, owner, name, commit, tree, spec, version, released, licence FROM repositories ORDER BY id"
    )
    .fetch_all(executor)
    .await?;
    Ok(found)
}
