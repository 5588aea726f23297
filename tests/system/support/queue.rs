//! Reading a test's store from outside.

use serde_json::Value;
use swemill_store::{Store, StoreOptions};

use super::Home;

impl Home {
    /// The rows of a query, each as a JSON object. Starts the private Postgres for it, so no command may be
    /// counted on to have stopped it meanwhile.
    pub(crate) fn rows(&self, query: &str) -> Vec<Value> {
        let options = StoreOptions {
            database_url: None,
            home: self.path().to_owned(),
            max_connections: 2,
            fetch_wheel: None,
        };
        let query = format!("SELECT to_jsonb(found) FROM ({query}) AS found");
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let store = Store::open(&options).await.unwrap();
            let rows = sqlx::query_scalar(sqlx::AssertSqlSafe(query))
                .fetch_all(store.pool())
                .await
                .unwrap();
            store.close().await.unwrap();
            rows
        })
    }

    /// Demands that every candidate was decided in one job and no job is left over or dead.
    pub(crate) fn did_everything_once(&self) {
        let jobs = self.rows("SELECT kind, key, state, attempts FROM jobs ORDER BY id");
        assert!(!jobs.is_empty());
        for job in &jobs {
            assert_eq!(job["state"], "done", "{job}");
            let same = |other: &&Value| other["kind"] == job["kind"] && other["key"] == job["key"];
            assert_eq!(jobs.iter().filter(same).count(), 1, "{job} is there twice");
        }
        let candidates = self.rows("SELECT id, outcome FROM candidates");
        let validations = jobs.iter().filter(|job| job["kind"] == "validate").count();
        assert_eq!(candidates.len(), validations);
        assert!(
            candidates
                .iter()
                .all(|candidate| !candidate["outcome"].is_null()),
            "{candidates:?}"
        );
    }
}
