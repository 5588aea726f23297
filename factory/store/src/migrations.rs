//! Bringing the schema up to date.

use sqlx::PgPool;
use sqlx::migrate::Migrator;

use crate::error::Result;

static MIGRATIONS: Migrator = {
    let mut migrations = sqlx::migrate!("../../migrations");
    // An older worker may run beside a newer schema.
    migrations.ignore_missing = true;
    migrations
};

/// Applies the migrations that the database lacks. Safe when several commands do so at once: sqlx holds an
/// advisory lock meanwhile.
pub(crate) async fn apply(pool: &PgPool) -> Result<()> {
    MIGRATIONS.run(pool).await?;
    Ok(())
}
